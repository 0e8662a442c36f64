// SPDX-License-Identifier: Apache-2.0

// pgp_peer makes OpenPGP keys and messages, and opens them, with the library that sops uses (ProtonMail's go-crypto). It is built in a
// temporary folder by tests/interop/pgp.py and tests/data/pgp/make.py, with the version that sops's own go.mod names.
//
// stdin is a run of JSON objects, one in a line; each gets one line of JSON back, {"error": "..."} where it failed:
//
//	{"op": "key", "kind": "rsa2048", "name": "a"}                   {"key": "..."}: kind is rsaBITS, cv25519, x25519, v6, p256 or x448
//	{"op": "encrypt", "keys": ["..."], "data": "BASE64", ...}       {"message": "..."}; the rest is in the struct below
//	{"op": "decrypt", "keys": ["..."], "message": "..."}            {"data": "BASE64"}
package main

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/ProtonMail/go-crypto/ocb"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

type request struct {
	Op, Kind, Name, Message, Passphrase string
	Keys                                []string
	Data                                []byte
	Form                                string // mdc, v2, or aead: the packet of gpg 2.3
	Cipher                              int    // 7, 8, 9
	Mode                                int    // of v2: 1, 2, 3
	Chunk                               int    // bytes of a chunk
	Compress                            int    // 0, 1, 2
	Hidden, Text, Primary               bool
	Wrap                                bool // a literal packet of 0 compressions inside of a marker
}

type answer struct {
	Key     string `json:"key,omitempty"`
	Message string `json:"message,omitempty"`
	Data    []byte `json:"data,omitempty"`
	Error   string `json:"error,omitempty"`
}

type nothing struct{ io.Writer }

func (nothing) Close() error { return nil }

func armored(label string, data []byte) (string, error) {
	var out bytes.Buffer
	w, err := armor.Encode(&out, label, nil)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return out.String() + "\n", nil
}

func makeKey(r request) (string, error) {
	config := &packet.Config{DefaultCipher: packet.CipherAES256}
	switch {
	case strings.HasPrefix(r.Kind, "rsa"):
		config.Algorithm = packet.PubKeyAlgoRSA
		config.RSABits, _ = strconv.Atoi(r.Kind[3:])
	case r.Kind == "cv25519":
		config.Algorithm, config.Curve = packet.PubKeyAlgoEdDSA, packet.Curve25519
	case r.Kind == "p256":
		config.Algorithm, config.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP256
	case r.Kind == "x25519":
		config.Algorithm = packet.PubKeyAlgoEd25519
	case r.Kind == "x448":
		config.Algorithm = packet.PubKeyAlgoEd448
	case r.Kind == "v6":
		config.Algorithm, config.V6Keys = packet.PubKeyAlgoEd25519, true
	case r.Kind == "v6rsa":
		config.Algorithm, config.V6Keys, config.RSABits = packet.PubKeyAlgoRSA, true, 2048
	default:
		return "", errors.New("kind " + r.Kind)
	}
	entity, err := openpgp.NewEntity(r.Name, "", r.Name+"@example.org", config)
	if err != nil {
		return "", err
	}
	if r.Passphrase != "" {
		if err := entity.EncryptPrivateKeys([]byte(r.Passphrase), config); err != nil {
			return "", err
		}
	}
	var out bytes.Buffer
	if err := entity.SerializePrivateWithoutSigning(&out, config); err != nil {
		return "", err
	}
	return armored(openpgp.PrivateKeyType, out.Bytes())
}

// sealAEAD writes the AEAD packet of LibrePGP (draft-koch-librepgp, 5.16), which go-crypto reads but does not write.
func sealAEAD(out io.Writer, cipher, chunkByte byte, key, plain []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	aead, err := ocb.NewOCB(block)
	if err != nil {
		return err
	}
	head := []byte{1, cipher, 2, chunkByte}
	base := make([]byte, 15)
	rand.Read(base)
	body := append(append([]byte{}, head...), base...)
	size, index, total := 1<<(chunkByte+6), uint64(0), uint64(len(plain))
	seal := func(data []byte, final bool) {
		nonce := append([]byte{}, base...)
		number := make([]byte, 8)
		binary.BigEndian.PutUint64(number, index)
		for i, b := range number {
			nonce[7+i] ^= b
		}
		aad := append(append([]byte{0xd4}, head...), number...)
		if final {
			aad = binary.BigEndian.AppendUint64(aad, total)
		}
		body = aead.Seal(body, nonce, data, aad)
	}
	for len(plain) > 0 {
		n := min(size, len(plain))
		seal(plain[:n], false)
		plain = plain[n:]
		index++
	}
	seal(nil, true)
	length := []byte{0xd4, 0xff, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(length[2:], uint32(len(body)))
	_, err = out.Write(append(length, body...))
	return err
}

func encrypt(r request) (string, error) {
	var out, inner bytes.Buffer
	cipher := packet.CipherFunction(r.Cipher)
	config := &packet.Config{DefaultCipher: cipher}
	v2 := r.Form == "v2"
	if v2 {
		config.AEADConfig = &packet.AEADConfig{DefaultMode: packet.AEADMode(r.Mode), ChunkSize: uint64(r.Chunk)}
	}
	key := make([]byte, cipher.KeySize())
	rand.Read(key)
	for _, text := range r.Keys {
		ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(text))
		if err != nil {
			return "", err
		}
		public := ring[0].PrimaryKey
		if !r.Primary {
			found, ok := ring[0].EncryptionKey(config.Now())
			if !ok {
				return "", errors.New("no encryption key")
			}
			public = found.PublicKey
		}
		if err := packet.SerializeEncryptedKeyAEADwithHiddenOption(&out, public, cipher, v2, key, r.Hidden, config); err != nil {
			return "", err
		}
	}
	var sealed io.WriteCloser = nothing{&inner}
	if r.Form != "aead" {
		var err error
		suite := packet.CipherSuite{Cipher: cipher, Mode: packet.AEADMode(r.Mode)}
		if sealed, err = packet.SerializeSymmetricallyEncrypted(&out, cipher, v2, suite, key, config); err != nil {
			return "", err
		}
	}
	if r.Wrap {
		if err := packet.SerializeMarker(sealed); err != nil {
			return "", err
		}
	}
	w := sealed
	if r.Compress != 0 {
		var err error
		if w, err = packet.SerializeCompressed(nothing{sealed}, packet.CompressionAlgo(r.Compress), nil); err != nil {
			return "", err
		}
	}
	literal, err := packet.SerializeLiteral(nothing{w}, !r.Text, "", 0)
	if err != nil {
		return "", err
	}
	if _, err := literal.Write(r.Data); err != nil {
		return "", err
	}
	if err := literal.Close(); err != nil {
		return "", err
	}
	if r.Compress != 0 {
		if err := w.Close(); err != nil {
			return "", err
		}
	}
	if err := sealed.Close(); err != nil {
		return "", err
	}
	if r.Form == "aead" {
		chunk := (&packet.AEADConfig{ChunkSize: uint64(r.Chunk)}).ChunkSizeByte()
		if err := sealAEAD(&out, byte(r.Cipher), chunk, key, inner.Bytes()); err != nil {
			return "", err
		}
	}
	return armored("PGP MESSAGE", out.Bytes())
}

func decrypt(r request) ([]byte, error) {
	var ring openpgp.EntityList
	for _, text := range r.Keys {
		more, err := openpgp.ReadArmoredKeyRing(strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		ring = append(ring, more...)
	}
	block, err := armor.Decode(strings.NewReader(r.Message))
	if err != nil {
		return nil, err
	}
	message, err := openpgp.ReadMessage(block.Body, ring, nil, nil)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(message.UnverifiedBody)
}

func reply(r request) (a answer) {
	var err error
	defer func() {
		if found := recover(); found != nil {
			a = answer{Error: "panic"}
		}
	}()
	switch r.Op {
	case "key":
		a.Key, err = makeKey(r)
	case "encrypt":
		a.Message, err = encrypt(r)
	case "decrypt":
		a.Data, err = decrypt(r)
	default:
		err = errors.New("op " + r.Op)
	}
	if err != nil {
		a = answer{Error: err.Error()}
	}
	return a
}

func main() {
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for {
		var r request
		if err := in.Decode(&r); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		if err := out.Encode(reply(r)); err != nil {
			panic(err)
		}
	}
}

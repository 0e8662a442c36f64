// SPDX-License-Identifier: Apache-2.0

// Makes what tests/data/age/make.py can not make with command line programs: age files for the keys in a folder, identity files that are
// protected by a passphrase, and ML-KEM values.
package main

import (
	"bytes"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/rand"
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
)

var folder = os.Args[1]

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func write(name, text string) {
	check(os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func seal(plain []byte, armored bool, recipients ...age.Recipient) string {
	var out bytes.Buffer
	var to io.WriteCloser = nopCloser{&out}
	if armored {
		to = armor.NewWriter(&out)
	}
	w, err := age.Encrypt(to, recipients...)
	check(err)
	_, err = w.Write(plain)
	check(err)
	check(w.Close())
	check(to.Close())
	return out.String()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// A recipient without labels, so that kinds can be mixed which age keeps apart.
type mixed struct{ r age.Recipient }

func (m mixed) Wrap(key []byte) ([]*age.Stanza, error) { return m.r.Wrap(key) }

func ssh(name string) age.Recipient {
	text, err := os.ReadFile(filepath.Join(folder, name+".pub"))
	check(err)
	r, err := agessh.ParseRecipient(strings.TrimSpace(string(text)))
	check(err)
	return r
}

func pkcs8(name string) age.Recipient {
	text, err := os.ReadFile(filepath.Join(folder, name))
	check(err)
	id, err := agessh.ParseIdentity(text)
	check(err)
	return id.(*agessh.Ed25519Identity).Recipient()
}

func identity(name string, id fmt.Stringer, recipient string) string {
	text := fmt.Sprintf("# public key: %s\n%s\n", recipient, id)
	write(name, text)
	return text
}

func ageFiles() {
	first, err := age.GenerateX25519Identity()
	check(err)
	second, err := age.GenerateX25519Identity()
	check(err)
	stranger, err := age.GenerateX25519Identity()
	check(err)
	hybrid, err := age.GenerateHybridIdentity()
	check(err)
	text := identity("x25519.agekey", first, first.Recipient().String())
	identity("second.agekey", second, second.Recipient().String())
	identity("pq.agekey", hybrid, hybrid.Recipient().String())

	pass, err := age.NewScryptRecipient("correct horse")
	check(err)
	pass.SetWorkFactor(10)
	write("passphrase-armored.agekey", seal([]byte(text), true, pass))
	write("passphrase-binary.agekey", seal([]byte(text), false, pass))

	key := random(32)
	write("datakey.hex", hex.EncodeToString(key)+"\n")
	write("to-x25519.age", seal(key, true, first.Recipient()))
	write("to-second.age", seal(key, true, second.Recipient()))
	write("to-stranger.age", seal(key, true, stranger.Recipient()))
	write("to-pq.age", seal(key, true, hybrid.Recipient()))
	write("to-ssh-ed25519.age", seal(key, true, ssh("ssh_ed25519")))
	write("to-ssh-rsa.age", seal(key, true, ssh("ssh_rsa")))
	write("to-ed25519-pkcs8.age", seal(key, true, pkcs8("ed25519.pkcs8.pem")))
	write("to-passphrase.age", seal(key, true, pass))
	write("to-many.age", seal(key, true, mixed{stranger.Recipient()}, mixed{ssh("ssh_rsa")}, mixed{hybrid.Recipient()},
		mixed{ssh("ssh_ed25519")}, mixed{second.Recipient()}, mixed{first.Recipient()}))
	write("to-x25519.empty.age", seal(nil, true, first.Recipient()))
	write("to-x25519.long.age", seal(random(65537), true, first.Recipient()))
	write("to-x25519.binary.age", seal(key, false, first.Recipient()))
}

// Each line: seed, message, SHA3-256 of the encapsulation key, ciphertext, secret, and the secret for the ciphertext with its first bit
// turned over.
func kemValues() {
	var out strings.Builder
	for range 12 {
		seed, message := random(64), random(32)
		dk, err := mlkem.NewDecapsulationKey768(seed)
		check(err)
		ek := dk.EncapsulationKey()
		hash := sha3.Sum256(ek.Bytes())
		secret, sealed, err := mlkemtest.Encapsulate768(ek, message)
		check(err)
		again, err := dk.Decapsulate(sealed)
		check(err)
		if !bytes.Equal(secret, again) {
			panic("secrets differ")
		}
		sealed[0] ^= 1
		rejected, err := dk.Decapsulate(sealed)
		check(err)
		sealed[0] ^= 1
		fmt.Fprintf(&out, "%x %x %x %x %x %x\n", seed, message, hash, sealed, secret, rejected)
	}
	write("mlkem768.txt", out.String())
}

func main() {
	ageFiles()
	kemValues()
}

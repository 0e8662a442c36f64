// SPDX-License-Identifier: Apache-2.0

// age_peer answers, with sops, age, x/crypto/ssh and shlex themselves, what tests/tools/age_peer.c answers with our code, so that
// tests/interop/age_peer.py can compare the two. Built in a temporary folder by that script.
//
// stdin is a run of cases: a line "KIND N", then N bytes. For each, stdout gets one line:
//
//	ssh    a private key          "KIND HEX" of its public key, or "no"
//	lines  an identity file       "COUNT", or "no"
//	words  a SOPS_AGE_KEY         "opened" where it opens the file of the last `file`, or "no"
//	file   an armored age file    kept for `words`; "kept"
//	keep   an identity file       kept for `enc`; "kept"
//	keepssh a private key         likewise
//	enc    an armored age file    "opened HEX", "nomatch" or "no"
//	split  a command line         its words in hex, each after a space, or "no"
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/google/shlex"
	"golang.org/x/crypto/ssh"
)

var (
	kept []age.Identity
	file string
)

func sshKey(pem []byte) string {
	if _, err := agessh.ParseIdentity(pem); err != nil {
		return "no"
	}
	key, err := ssh.ParseRawPrivateKey(pem)
	if err != nil {
		return "no"
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return "no"
	}
	return fmt.Sprintf("%s %x", signer.PublicKey().Type(), signer.PublicKey().Marshal())
}

func lines(text []byte) string {
	var ids sopsage.ParsedIdentities
	if err := ids.Import(string(text)); err != nil {
		return "no"
	}
	return fmt.Sprint(len(ids))
}

func words(text []byte) string {
	os.Setenv("SOPS_AGE_KEY", string(text))
	key := sopsage.MasterKey{EncryptedKey: file}
	if _, err := key.Decrypt(); err != nil {
		return "no"
	}
	return "opened"
}

func enc(text []byte) string {
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(text)), kept...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return "nomatch"
	}
	if err != nil {
		return "no"
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return "no"
	}
	return fmt.Sprintf("opened %x", plain)
}

func split(text []byte) string {
	parts, err := shlex.Split(string(text))
	if err != nil {
		return "no"
	}
	var out strings.Builder
	out.WriteString("words")
	for _, part := range parts {
		fmt.Fprintf(&out, " %x", part)
	}
	return out.String()
}

func keep(text []byte) string {
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	kept = append(kept, ids...)
	return "kept"
}

func keepSSH(text []byte) string {
	id, err := agessh.ParseIdentity(text)
	if err != nil {
		panic(err)
	}
	kept = append(kept, id)
	return "kept"
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := map[string]func([]byte) string{
		"ssh": sshKey, "lines": lines, "words": words, "enc": enc, "split": split, "keep": keep, "keepssh": keepSSH,
		"file": func(text []byte) string { file = string(text); return "kept" },
	}
	for {
		var kind string
		var n int
		if _, err := fmt.Fscanf(in, "%s %d\n", &kind, &n); err != nil {
			return
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(in, data); err != nil {
			panic(err)
		}
		fmt.Fprintln(out, answers[kind](data))
	}
}

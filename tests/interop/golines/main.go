// SPDX-License-Identifier: Apache-2.0

// golines answers, with the stores of sops itself, what tests/tools/lines.c answers with ours, so that tests/interop/lines.py can compare
// the two. Built in a temporary folder by that script.
//
// stdin is a run of cases: a line "r FORMAT N" (read) or "w FORMAT N" (write), then N bytes: a document, or a dumped tree. For each, stdout
// gets a line "ok N" or "no N", then N bytes: the dumped tree, or the document; nothing where it was refused.
//
// A dumped tree has one token on a line; texts are in hex, "-" for an empty one:
//
//	branch | map KEY | list KEY | end | comment TEXT | str KEY TEXT | null KEY | int KEY N | float KEY BITS | bool KEY 0 or 1
//	time KEY SECONDS NANOSECONDS OFFSET
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/dotenv"
	"github.com/getsops/sops/v3/stores/ini"
)

type store interface {
	LoadPlainFile(in []byte) (sops.TreeBranches, error)
	EmitPlainFile(in sops.TreeBranches) ([]byte, error)
}

func text(s string) string {
	if s == "" {
		return "-"
	}
	return hex.EncodeToString([]byte(s))
}

func unText(s string) string {
	if s == "-" {
		return ""
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func dump(out *bytes.Buffer, branch sops.TreeBranch) {
	for _, item := range branch {
		if c, ok := item.Key.(sops.Comment); ok {
			fmt.Fprintf(out, "comment %s\n", text(c.Value))
			continue
		}
		key := text(item.Key.(string))
		switch v := item.Value.(type) {
		case string:
			fmt.Fprintf(out, "str %s %s\n", key, text(v))
		case sops.TreeBranch:
			fmt.Fprintf(out, "map %s\n", key)
			dump(out, v)
			out.WriteString("end\n")
		default:
			panic(fmt.Sprintf("a reader made %T", v))
		}
	}
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func parse(lines *[][]string) sops.TreeBranch {
	var branch sops.TreeBranch
	for len(*lines) > 0 {
		f := (*lines)[0]
		*lines = (*lines)[1:]
		var value interface{}
		switch f[0] {
		case "end":
			return branch
		case "comment":
			branch = append(branch, sops.TreeItem{Key: sops.Comment{Value: unText(f[1])}})
			continue
		case "str":
			value = unText(f[2])
		case "null":
			value = nil
		case "int":
			value = int(number(f[2]))
		case "float":
			bits, err := strconv.ParseUint(f[2], 16, 64)
			if err != nil {
				panic(err)
			}
			value = math.Float64frombits(bits)
		case "bool":
			value = f[2] == "1"
		case "time":
			zone := time.FixedZone("", int(number(f[4])))
			if number(f[4]) == 0 {
				zone = time.UTC
			}
			value = time.Unix(number(f[2]), number(f[3])).In(zone)
		case "map":
			value = parse(lines)
		case "list":
			value = []interface{}{}
			parse(lines)
		default:
			panic("token " + f[0])
		}
		branch = append(branch, sops.TreeItem{Key: unText(f[1]), Value: value})
	}
	return branch
}

func parseAll(in []byte) sops.TreeBranches {
	var branches sops.TreeBranches
	var lines [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(in), "\n"), "\n") {
		lines = append(lines, strings.Fields(line))
	}
	for len(lines) > 0 {
		lines = lines[1:] // "branch"
		branches = append(branches, parse(&lines))
	}
	return branches
}

// Where sops crashes, the answer is "no".
func answer(verb string, s store, in []byte) (out []byte, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = nil, false
		}
	}()
	if verb == "w" {
		out, err := s.EmitPlainFile(parseAll(in))
		return out, err == nil
	}
	branches, err := s.LoadPlainFile(in)
	if err != nil {
		return nil, false
	}
	buffer := &bytes.Buffer{}
	for _, branch := range branches {
		buffer.WriteString("branch\n")
		dump(buffer, branch)
		buffer.WriteString("end\n")
	}
	return buffer.Bytes(), true
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	stores := map[string]store{
		"dotenv": dotenv.NewStore(&config.DotenvStoreConfig{}),
		"ini":    ini.NewStore(&config.INIStoreConfig{}),
	}
	for {
		var verb, format string
		var size int
		if _, err := fmt.Fscanf(in, "%s %s %d\n", &verb, &format, &size); err != nil {
			if err == io.EOF {
				return
			}
			panic(err)
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(in, body); err != nil {
			panic(err)
		}
		got, ok := answer(verb, stores[format], body)
		word := "no"
		if ok {
			word = "ok"
		}
		fmt.Fprintf(out, "%s %d\n", word, len(got))
		out.Write(got)
	}
}

// SPDX-License-Identifier: Apache-2.0

// Prints trees with the store of the real sops; the same lines in and out as tests/tools/yaml_write.c. It is built inside a copy of sops's
// own module by yaml_writer.py.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/yaml"
)

type reader struct {
	tokens []string
}

func (r *reader) next() string {
	token := r.tokens[0]
	r.tokens = r.tokens[1:]
	return token
}

func unhex(text string) string {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(bytes)
}

func (r *reader) value(token string) interface{} {
	switch token[0] {
	case '{':
		branch := sops.TreeBranch{}
		for token = r.next(); token != "}"; token = r.next() {
			switch token[0] {
			case 'c', 'i':
				branch = append(branch, sops.TreeItem{Key: comment(token)})
			default:
				key := unhex(token[1:])
				branch = append(branch, sops.TreeItem{Key: key, Value: r.value(r.next())})
			}
		}
		return branch
	case '[':
		list := []interface{}{}
		for token = r.next(); token != "]"; token = r.next() {
			list = append(list, r.value(token))
		}
		return list
	case 'c', 'i':
		return comment(token)
	case 's':
		return unhex(token[1:])
	case 'n':
		return nil
	case 't', 'f':
		return token == "t"
	case 'd':
		value, _ := strconv.Atoi(token[1:])
		return value
	case 'g':
		bits, _ := strconv.ParseUint(token[1:], 16, 64)
		return math.Float64frombits(bits)
	case 'T':
		var seconds, nano int64
		var offset int
		fmt.Sscanf(token[1:], "%d,%d,%d", &seconds, &nano, &offset)
		return time.Unix(seconds, nano).In(time.FixedZone("", offset))
	}
	panic("unknown token " + token)
}

func comment(token string) sops.Comment {
	return sops.Comment{Value: unhex(token[1:]), Inline: token[0] == 'i'}
}

func print(line string) (out string) {
	defer func() {
		if err := recover(); err != nil {
			out = "!panic"
		}
	}()
	r := &reader{strings.Fields(line)}
	mode := r.next()
	indent, _ := strconv.Atoi(r.next())
	store := yaml.NewStore(&config.YAMLStoreConfig{Indent: indent})
	var bytes []byte
	var err error
	if mode == "value" {
		bytes, err = store.EmitValue(r.value(r.next()))
	} else {
		var branches sops.TreeBranches
		for len(r.tokens) > 0 {
			branches = append(branches, r.value(r.next()).(sops.TreeBranch))
		}
		bytes, err = store.EmitPlainFile(branches)
	}
	if err != nil {
		return "!" + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return hex.EncodeToString(bytes)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprintln(out, print(line))
	}
}

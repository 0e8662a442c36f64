// SPDX-License-Identifier: Apache-2.0

// Says what tree the store of the real sops makes of YAML texts; the same lines in and out as tests/tools/yaml_read.c. It is built inside a
// copy of sops's own module by yaml_reader.py.
//
// A line that begins with '~' is what sops refuses, or what it accepts only because it checks the first document of a stream alone
// (docs/differs.md).
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/yaml"
	goyaml "go.yaml.in/yaml/v3"
)

func text(sign string, s string) string {
	var out strings.Builder
	out.WriteString(" " + sign + "'")
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 0x20 && c < 0x7f && c != '\'' && c != '\\' {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "\\x%02x", c)
		}
	}
	return out.String() + "'"
}

func comment(out *strings.Builder, c sops.Comment) {
	sign := "c"
	if c.Inline {
		sign = "i"
	}
	out.WriteString(text(sign, c.Value))
}

func value(out *strings.Builder, v interface{}) {
	switch v := v.(type) {
	case nil:
		out.WriteString(" n")
	case sops.TreeBranch:
		out.WriteString(" {")
		for _, item := range v {
			if c, ok := item.Key.(sops.Comment); ok {
				comment(out, c)
				continue
			}
			if key, ok := item.Key.(string); ok {
				out.WriteString(text("k", key))
			} else {
				out.WriteString(" K")
			}
			value(out, item.Value)
		}
		out.WriteString(" }")
	case []interface{}:
		out.WriteString(" [")
		for _, item := range v {
			value(out, item)
		}
		out.WriteString(" ]")
	case sops.Comment:
		comment(out, v)
	case string:
		out.WriteString(text("s", v))
	case bool:
		if v {
			out.WriteString(" t")
		} else {
			out.WriteString(" f")
		}
	case int:
		fmt.Fprintf(out, " d%d", v)
	case int64:
		fmt.Fprintf(out, " d%d", v)
	case uint64:
		fmt.Fprintf(out, " u%d", v)
	case float64:
		bits := math.Float64bits(v)
		if v != v {
			bits = 0x7ff8000000000000
		}
		fmt.Fprintf(out, " g%016x", bits)
	case time.Time:
		_, offset := v.Zone()
		fmt.Fprintf(out, " T%d,%d,%d", v.Unix(), v.Nanosecond(), offset)
	default:
		fmt.Fprintf(out, " ?%T", v)
	}
}

// Makes ordinary keys of merge keys: only in the first document their values have to be maps.
func noMerges(n *goyaml.Node) {
	for i, kid := range n.Content {
		if n.Kind == goyaml.MappingNode && i%2 == 0 && kid.Kind == goyaml.ScalarNode && kid.Value == "<<" {
			kid.Tag = "!!str"
		}
		noMerges(kid)
	}
}

// The check that sops makes on the first document, on all of them.
func checkAll(in []byte) (err error) {
	d := goyaml.NewDecoder(bytes.NewReader(in))
	for documents := 0; ; documents++ {
		var n goyaml.Node
		err := d.Decode(&n)
		if err == io.EOF && documents > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if documents > 0 {
			noMerges(&n)
		}
		if err := n.Decode(make(map[string]interface{})); err != nil {
			return err
		}
	}
}

// An alias inside of what it stands for, which makes the store run out of stack where the check does not see it.
func cyclic(n *goyaml.Node, open map[*goyaml.Node]bool) bool {
	if n == nil || open[n] {
		return n != nil
	}
	open[n] = true
	defer delete(open, n)
	if cyclic(n.Alias, open) {
		return true
	}
	for _, kid := range n.Content {
		if cyclic(kid, open) {
			return true
		}
	}
	return false
}

func anyCyclic(in []byte) bool {
	d := goyaml.NewDecoder(bytes.NewReader(in))
	for {
		var n goyaml.Node
		if d.Decode(&n) != nil {
			return false
		}
		if cyclic(&n, map[*goyaml.Node]bool{}) {
			return true
		}
	}
}

func read(in []byte) (line string) {
	defer func() {
		if r := recover(); r != nil {
			line = fmt.Sprintf("!panic: %q", fmt.Sprint(r))
		}
	}()
	store := yaml.NewStore(&config.YAMLStoreConfig{})
	if anyCyclic(in) {
		return "~an alias inside of what it stands for"
	}
	if len(in) > 0 {
		if err := checkAll(in); err != nil {
			return fmt.Sprintf("~%q", err.Error())
		}
	}
	branches, err := store.LoadPlainFile(in)
	if err != nil {
		return fmt.Sprintf("!%q", err.Error())
	}
	var out strings.Builder
	out.WriteString("=")
	for _, branch := range branches {
		value(&out, branch)
	}
	return out.String()
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if len(line) == 0 && err != nil {
			return
		}
		document, err := hex.DecodeString(strings.TrimSuffix(line, "\n"))
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(out, read(document))
	}
}

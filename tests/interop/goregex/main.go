// SPDX-License-Identifier: Apache-2.0

// goregex asks Go's regexp, which is what sops matches with. Built in a temporary folder by tests/interop/regex.py.
//
//	goregex           answers a run of cases: "P LEN\n" and LEN bytes name a pattern, answered "." or "x" (refused);
//	                  "S LEN\n" and LEN bytes are a subject for it, answered "1", "0", or "x" where there is no pattern
//	goregex names     the names that \p{...} takes, one on a line
//	goregex sets      reads patterns, one on a line, and prints for each the code points that it matches: ranges "LO-HI" in hex
//	goregex tables    lib/sops/re2_tables.c: how letters fold and what the names of properties mean
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strings"
	"unicode"
)

func canonical(name string) string {
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
	return strings.ToUpper(name[:1]) + name[1:]
}

// Every name in its canonical form, with what PCRE2 calls it and the key of its fold table. Go takes a script only by a name without an
// underscore: its search forgets them, its table does not.
func properties() (names []string, pcre, fold map[string]string) {
	pcre, fold = map[string]string{}, map[string]string{}
	category := func(name, key string) {
		to := key
		if key == "LC" {
			to = "L&"
		}
		pcre[name] = to
		if unicode.FoldCategory[key] != nil {
			fold[name] = "category_" + key
		}
	}
	for name := range unicode.Scripts {
		if canonical(name) == name {
			pcre[name] = "sc:" + name
			if unicode.FoldScript[name] != nil {
				fold[name] = "script_" + name
			}
		}
	}
	for alias, key := range unicode.CategoryAliases {
		if pcre[canonical(alias)] == "" {
			category(canonical(alias), key)
		}
	}
	for key := range unicode.Categories {
		category(canonical(key), key)
	}
	for name := range pcre {
		if _, err := regexp.Compile(`\p{` + name + `}`); err != nil {
			panic(err)
		}
		names = append(names, name)
	}
	sort.Strings(names)
	return names, pcre, fold
}

type run struct{ lo, hi, delta rune }

// SimpleFold as runs: each code point of one folds to itself plus delta; where delta is 0, neighbours fold to each other, two by two from lo.
func foldRuns() []run {
	var runs []run
	fold := unicode.SimpleFold
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if fold(c) == c {
			continue
		}
		n := len(runs)
		if fold(c) == c+1 && fold(c+1) == c {
			if n > 0 && runs[n-1].delta == 0 && runs[n-1].hi == c-1 {
				runs[n-1].hi = c + 1
			} else {
				runs = append(runs, run{c, c + 1, 0})
			}
			c++
			continue
		}
		delta := fold(c) - c
		if n > 0 && runs[n-1].delta == delta && runs[n-1].hi == c-1 {
			runs[n-1].hi = c
		} else {
			runs = append(runs, run{c, c, delta})
		}
	}
	return runs
}

type printer struct {
	out  *bufio.Writer
	used int
}

// item prints one element of a table, as many on a line as fit.
func (p *printer) item(text string) {
	if p.used == 0 || p.used+1+len(text) > 92 {
		if p.used > 0 {
			fmt.Fprint(p.out, "\n")
		}
		fmt.Fprint(p.out, "\t"+text)
		p.used = len(text)
		return
	}
	fmt.Fprint(p.out, " "+text)
	p.used += 1 + len(text)
}

func (p *printer) end() {
	fmt.Fprint(p.out, "\n};\n\n")
	p.used = 0
}

func tables(out *bufio.Writer) {
	names, pcre, fold := properties()
	fmt.Fprintf(out, `/* SPDX-License-Identifier: Apache-2.0
 *
 * How letters fold, and the names of Unicode properties that RE2 takes, as Go has them (Unicode %s). Printed by
 * `+"`goregex tables`"+` (tests/interop/goregex); see re2_tables.h.
 */
#include "sops/re2_tables.h"

/* clang-format off */
const struct re2_fold re2_folds[] = {
`, unicode.Version)
	p := &printer{out: out}
	for _, r := range foldRuns() {
		p.item(fmt.Sprintf("{0x%x, 0x%x, %d},", r.lo, r.hi, r.delta))
	}
	p.end()
	fmt.Fprintf(out, "const size_t re2_folds_len = sizeof(re2_folds) / sizeof(re2_folds[0]);\n\n")
	var keys []string
	for key := range unicode.FoldCategory {
		keys = append(keys, "category_"+key)
	}
	for key := range unicode.FoldScript {
		keys = append(keys, "script_"+key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		kind, name, _ := strings.Cut(key, "_")
		table := unicode.FoldCategory[name]
		if kind == "script" {
			table = unicode.FoldScript[name]
		}
		fmt.Fprintf(out, "static const struct re2_stride %s[] = {\n", strings.ToLower(key))
		for _, r := range table.R16 {
			p.item(fmt.Sprintf("{0x%x, 0x%x, %d},", r.Lo, r.Hi, r.Stride))
		}
		for _, r := range table.R32 {
			p.item(fmt.Sprintf("{0x%x, 0x%x, %d},", r.Lo, r.Hi, r.Stride))
		}
		p.end()
	}
	fmt.Fprintf(out, "#define WITH(table) table, sizeof(table) / sizeof((table)[0])\n\nconst struct re2_property re2_properties[] = {\n")
	for _, name := range names {
		with := "NULL, 0"
		if fold[name] != "" {
			with = "WITH(" + strings.ToLower(fold[name]) + ")"
		}
		p.item(fmt.Sprintf("{%q, %q, %s},", name, pcre[name], with))
	}
	p.end()
	fmt.Fprintf(out, "const size_t re2_properties_len = sizeof(re2_properties) / sizeof(re2_properties[0]);\n")
}

// The code points that are asked: all but what has no character in it, as it is long.
var asked = []run{{0, 0xd7ff, 0}, {0xe000, 0x323ff, 0}, {0xe0000, 0xe01ff, 0}, {0x10ff00, 0x10ffff, 0}}

func sets(out *bufio.Writer) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		re := regexp.MustCompile(in.Text())
		for _, part := range asked {
			from := rune(-1)
			for c := part.lo; c <= part.hi+1; c++ {
				hit := c <= part.hi && re.MatchString(string(c))
				if hit && from < 0 {
					from = c
				}
				if !hit && from >= 0 {
					fmt.Fprintf(out, "%x-%x ", from, c-1)
					from = -1
				}
			}
		}
		fmt.Fprint(out, "\n")
	}
}

func answer(out *bufio.Writer) {
	in := bufio.NewReader(os.Stdin)
	var re *regexp.Regexp
	for {
		var verb string
		var size int
		if _, err := fmt.Fscanf(in, "%s %d\n", &verb, &size); err != nil {
			if err == io.EOF {
				return
			}
			panic(err)
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(in, body); err != nil {
			panic(err)
		}
		word := "x"
		if verb == "P" {
			var err error
			if re, err = regexp.Compile(string(body)); err == nil {
				word = "."
			} else {
				re = nil
			}
		} else if re != nil {
			word = "0"
			if re.Match(body) {
				word = "1"
			}
		}
		fmt.Fprint(out, word)
	}
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "names":
		names, _, _ := properties()
		fmt.Fprintln(out, strings.Join(names, "\n"))
	case "sets":
		sets(out)
	case "tables":
		tables(out)
	default:
		answer(out)
	}
}

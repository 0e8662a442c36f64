// SPDX-License-Identifier: Apache-2.0

// What Flux does, for flux_peer.py: its generator and its build (goflux build ROOT DIR KUSTOMIZATION), and, line by line from stdin, its substitution,
// its patterns and its YAML, in the form that tests/tools/flux.c describes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/kustomize"
	"github.com/fluxcd/pkg/sourceignore"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/yaml"
)

type ask struct {
	Verb, Text string
	Vars       map[string]string
	Strict     bool
	Files      []struct{ Folder, Text string }
	Paths      []string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "build" {
		if err := build(os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var a ask
		if err := json.Unmarshal(in.Bytes(), &a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		out.Encode(answer(a))
	}
}

func answer(a ask) (got map[string]string) {
	defer func() {
		if r := recover(); r != nil {
			got = map[string]string{"error": fmt.Sprint(r)}
		}
	}()
	var text string
	var err error
	switch a.Verb {
	case "subst":
		text, err = envsubst.Eval(a.Text, func(name string) (string, bool) {
			value, found := a.Vars[name]
			return value, found || !a.Strict
		})
	case "text":
		text, err = print(a.Text)
	default:
		return map[string]string{"left_out": ignored(a)}
	}
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return map[string]string{"text": text}
}

// What the controller does with a resource after the substitution.
func print(text string) (string, error) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return "", err
	}
	res, err := provider.NewDefaultDepProvider().GetResourceFactory().FromMap(map[string]any{
		"apiVersion": "v1", "kind": "K", "metadata": map[string]any{"name": "n"}})
	if err != nil {
		return "", err
	}
	if err := res.UnmarshalJSON(data); err != nil {
		return "", err
	}
	out, err := res.AsYAML()
	return string(out), err
}

// artifact/storage: SourceIgnoreFilter
func ignored(a ask) string {
	domain := []string{"", "root"}
	var patterns = sourceignore.VCSPatterns(domain)
	own := patterns[:0:0]
	for _, f := range a.Files {
		at := domain
		if f.Folder != "" {
			at = append(append([]string{}, domain...), strings.Split(f.Folder, "/")...)
		}
		own = append(own, sourceignore.ReadPatterns(strings.NewReader(f.Text), at)...)
	}
	matcher := sourceignore.NewDefaultMatcher(own, domain)
	if len(own) > 0 {
		matcher = sourceignore.NewMatcher(append(patterns, own...))
	}
	out := ""
	for _, p := range a.Paths {
		if matcher.Match(append(append([]string{}, domain...), strings.Split(p, "/")...), false) {
			out += "1"
		} else {
			out += "0"
		}
	}
	return out
}

func build(root, dir, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	object := unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal(data, &object.Object); err != nil {
		return err
	}
	if _, err := kustomize.NewGenerator(root, object).WriteFile(dir); err != nil {
		return err
	}
	m, err := kustomize.SecureBuild(root, dir, false)
	if err != nil {
		return err
	}
	for _, res := range m.Resources() {
		out, err := kustomize.SubstituteVariables(context.Background(), nil, object, res,
			kustomize.SubstituteWithDryRun(true), kustomize.SubstituteWithStrict(true))
		if err != nil {
			return err
		}
		if out != nil {
			if _, err := m.Replace(res); err != nil {
				return err
			}
		}
	}
	out, err := m.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

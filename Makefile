# krm-sops. `make help` lists the targets.
# Nothing here asks pkg-config, a compiler or Python before a target needs it, so that `make deps demo` works in one call on a bare
# machine: pkg-config is asked inside the recipes' variables, which make expands when the recipe runs.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
V ?= 0
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
CLANG ?= clang
CLANG_FORMAT ?= clang-format
ifeq ($(origin CC),default)
CC = gcc
endif

Q = $(if $(filter 1,$(V)),,@)
comma := ,
say = $(if $(filter 1,$(V)),@:,@printf '%-8s%s\n' '$(1)' '$(2)')

VERSION := $(file <VERSION)
SOVERSION = 0
SONAME = libkrmsops.so.$(SOVERSION)

PKGS = libsodium libcrypto libpcre2-8
# Of these only the headers: they are loaded when wanted.
HEADER_PKGS = libcurl gpgme
# Asked once, when a recipe first wants it.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) $(HEADER_PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

WARN = -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wwrite-strings \
	-Wno-unused-parameter -Wundef -Wpointer-arith
HARDEN = -fstack-protector-strong -fPIC -fno-common -fvisibility=hidden
BASE_CFLAGS = -std=gnu17 -D_GNU_SOURCE $(WARN) $(HARDEN) -Ilib -Ikrm-fn -Isidecar -DKRMSOPS_VERSION='"$(VERSION)"'
OPT ?= -O2 -g -D_FORTIFY_SOURCE=2
LDHARD = -pie -Wl,-z,relro,-z,now,--as-needed
# SAN=1: AddressSanitizer, UBSan and the test hooks. FUZZ=1: the same for clang's libFuzzer. Both know lines and no variables, which is what a
# sanitizer shows; for a debugger add CFLAGS=-g.
ifeq ($(SAN),1)
OPT = -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DKRMSOPS_TEST
endif
ifeq ($(FUZZ),1)
CC = $(CLANG)
OPT = -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DKRMSOPS_TEST
endif
ifeq ($(WERROR),1)
WARN += -Werror
endif
# The user's flags come last and are never replaced.
ALL_CFLAGS = $(BASE_CFLAGS) $(OPT) $(PKG_CFLAGS) $(CFLAGS)
# libc has the two functions of libm that are used; so libm is not loaded (0.3 MiB)
ALL_LIBS = $(PKG_LIBS) -lc -lm -ldl $(LDLIBS)

LIB_SRC := $(wildcard lib/*.c lib/base/*.c lib/doc/*.c lib/sops/*.c lib/keys/*.c)
FN_SRC := $(wildcard krm-fn/*.c sidecar/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
TOOL_SRC := $(filter-out tests/tools/failmalloc.c,$(wildcard tests/tools/*.c))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
FN_OBJ := $(FN_SRC:%.c=$(BUILD)/%.o)
FN_LIB_OBJ := $(filter-out $(BUILD)/krm-fn/main.o,$(FN_OBJ))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
TOOL_BIN := $(TOOL_SRC:tests/tools/%.c=$(BUILD)/tools/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: help deps all portable demo check check-interop check-load image check-image mutants lint fmt fmt-check \
	fuzz bench install clean unit unit-bin tools fuzz-bin
.DEFAULT_GOAL := all

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | while IFS='	' read -r t d; do \
		printf '  %-14s %s\n' "$$t" "$$d"; done
	@echo 'variables: BUILD= CC= CFLAGS= PREFIX= DESTDIR= V=1 SAN=1 WERROR=1'

DEBIAN_PACKAGES = gcc libc6-dev pkg-config libyaml-dev libsodium-dev libssl-dev libpcre2-dev libcurl4-openssl-dev \
	libcmocka-dev libmicrohttpd-dev libnghttp2-dev \
	clang libclang-rt-14-dev clang-format cppcheck shellcheck mandoc python3 python3-pytest python3-yaml python3-h2 git ca-certificates \
	openssh-client openssl libgpgme-dev gnupg curl
deps: ## install what building and testing needs (Debian, Ubuntu); elsewhere say what that is
	@if command -v apt-get >/dev/null; then \
		as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
		$$as_root apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $(DEBIAN_PACKAGES) >/dev/null && \
		echo 'deps: all packages are there'; \
	else \
		echo 'deps: no apt-get here; install by hand what these Debian packages hold:' >&2; \
		echo '  $(DEBIAN_PACKAGES)' >&2; exit 1; \
	fi

all: $(BUILD)/krm-sops $(BUILD)/$(SONAME) $(BUILD)/examples/api ## build build/krm-sops and the library

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libkrmsops.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The library that others link with: only what krmsops.h declares can be seen in it.
$(BUILD)/$(SONAME): $(LIB_OBJ) lib/krmsops.map
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,lib/krmsops.map -Wl,-z,relro,-z,now,--as-needed$(if $(filter 1,$(SAN) $(FUZZ)),,$(comma)--no-undefined) \
		$(LDFLAGS) -o $@ $(LIB_OBJ) $(ALL_LIBS)
	$(Q)ln -sf $(SONAME) $(BUILD)/libkrmsops.so

# The example is built as its users build it: with the public header and the shared library only.
$(BUILD)/examples/api: examples/api/decrypt.c lib/krmsops.h $(BUILD)/$(SONAME)
	$(call say,LD,$@)
	@mkdir -p $(@D) $(BUILD)/include
	$(Q)cp lib/krmsops.h $(BUILD)/include/
	$(Q)$(CC) -std=c99 $(WARN) $(OPT) $(CFLAGS) -I$(BUILD)/include -o $@ $< -L$(BUILD) -lkrmsops -Wl,-rpath,'$$ORIGIN/..'

$(BUILD)/krm-sops: $(FN_OBJ) $(BUILD)/libkrmsops.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDHARD) $(LDFLAGS) -o $@ $^ $(ALL_LIBS)

# One file that needs glibc and nothing else: what is linked comes out of the archives of the -dev packages. libcurl, gpgme and the like are
# loaded when wanted, there too, and a clear error where they are not.
$(BUILD)/portable/krm-sops: $(FN_OBJ) $(BUILD)/libkrmsops.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDHARD) -s -Wl,--gc-sections,--exclude-libs,ALL $(LDFLAGS) -o $@.part $^ \
		-Wl,-Bstatic $(PKG_LIBS) -Wl,-Bdynamic -lc -lm $(LDLIBS)
	$(Q)needed="$$(readelf -d $@.part | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')"; for so in $$needed; do \
		case $$so in libc.so.6|libm.so.6|ld-linux-*) ;; *) echo "portable: needs $$so" >&2; exit 1;; esac; done
	$(Q)mv $@.part $@

portable: $(BUILD)/portable/krm-sops ## one file that needs glibc only: build/portable/krm-sops

# Everything that tests link with: the library and all of krm-fn/ but main.c. No fuzz target has to do with what is left out for them, a third of all; where one
# does not link, what it wants comes off these lists.
FUZZ_WITHOUT = $(addprefix krm-fn/,audit% build_% check_% cluster% cmd_% doctor% flux_% keys_% source% stage% vault_%) sidecar/%
FUZZ_WITH = krm-fn/flux_ignore.o krm-fn/source_match.o sidecar/grpc_key.o sidecar/kms_sign.o sidecar/protobuf.o
ifeq ($(FUZZ),1)
FN_LIB_OBJ := $(filter-out $(FUZZ_WITHOUT:%=$(BUILD)/%),$(FN_LIB_OBJ)) $(FUZZ_WITH:%=$(BUILD)/%)
endif
$(BUILD)/libtest.a: $(LIB_OBJ) $(FN_LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Where it is at hand: a hundred programs are linked with the same archive, and this one needs half the time for it.
TEST_LD = $(eval TEST_LD := $(if $(shell command -v ld.gold),-fuse-ld=gold))$(TEST_LD)

# A unit test is one program: tests/unit/test_X.c.
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libtest.a
	$(call say,UNIT,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -MF $@.d $(TEST_LD) $(LDFLAGS) -o $@ $< $(BUILD)/libtest.a -lcmocka $(ALL_LIBS)

# A tool of the tests is one program: tests/tools/X.c. What TOOL_PKGS names it alone links with.
$(BUILD)/tools/%: tests/tools/%.c $(BUILD)/libtest.a
	$(call say,TOOL,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(BUILD)/libtest.a $(ALL_LIBS) \
		$(if $(TOOL_PKGS),$(shell pkg-config --cflags --libs $(TOOL_PKGS)))
$(BUILD)/tools/yaml_parse: TOOL_PKGS = yaml-0.1

$(BUILD)/tools/failmalloc.so: tests/tools/failmalloc.c
	$(call say,TOOL,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $< -ldl

# A fuzz target is one program: tests/fuzz/fuzz_X.c, with FUZZ=1.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libtest.a
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -Itests/unit -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(BUILD)/libtest.a $(ALL_LIBS)

unit-bin: $(UNIT_BIN)
tools: $(TOOL_BIN) $(if $(wildcard tests/tools/failmalloc.c),$(BUILD)/tools/failmalloc.so)
fuzz-bin: $(FUZZ_BIN)

unit: unit-bin ## run the unit tests of this build (SAN=1 BUILD=build/san: with sanitizers)
	@for t in $(UNIT_BIN); do $$t || exit 1; done

demo: all ## the main job on examples/demo: kustomize's ResourceList in, plain Secrets out
	@KRM_SOPS=$(abspath $(BUILD))/krm-sops sh examples/demo/run.sh

check: ## all tests: lint, format, units, program, fuzz; with sanitizers, with gcc and clang
	@$(PYTHON) tests/run.py --jobs $(JOBS)

SEED ?= 1
check-interop: all tools ## against the real sops, kustomize, age (SEED=random: cases never tried before)
	@$(PYTHON) tests/interop/run.py --program $(BUILD)/krm-sops --seed $(SEED)

check-load: all tools ## big inputs, many processes and clients at once, and the sidecar with all that can go wrong
	@$(PYTHON) tests/load.py --program $(BUILD)/krm-sops --forge $(BUILD)/tools/forge

IMAGE ?= localhost/krm-sops:$(VERSION)
image: ## the image of function and sidecar, by podman or buildah (IMAGE=name)
	@engine=$$(command -v podman || command -v buildah) || { echo 'image: needs podman or buildah' >&2; exit 1; }; \
		"$$engine" build -t $(IMAGE) -f Containerfile .

check-image: all ## build that image on a base made by debootstrap, and run it (root; says where it can not)
	@$(PYTHON) tests/image.py --program $(BUILD)/krm-sops

mutants: ## sabotage the code line by line; every sabotage must turn the tests red
	@$(PYTHON) tests/mutants/run.py --jobs $(JOBS)

lint: ## house rules that a program can hold: layers, one vendor header one file, banned calls
	@$(PYTHON) tests/lint.py

fmt: ## format the C sources
	@git ls-files '*.c' '*.h' | xargs $(CLANG_FORMAT) -i

fmt-check:
	@git ls-files '*.c' '*.h' | xargs $(CLANG_FORMAT) --dry-run -Werror

# make fuzz T=doc_yaml SECS=3600; without T all targets, one after the other
SECS ?= 60
fuzz: ## fuzz for SECS seconds each (T=doc_yaml: that one only)
	@$(MAKE) --no-print-directory -s -j$(JOBS) FUZZ=1 BUILD=build/fuzz fuzz-bin
	@for t in $(if $(T),fuzz_$(T),$(FUZZ_SRC:tests/fuzz/%.c=%)); do \
		mkdir -p build/fuzz/corpus/$$t && \
		build/fuzz/fuzz/$$t -max_total_time=$(SECS) -max_len=65536 -timeout=10 build/fuzz/corpus/$$t tests/fuzz/corpus/$${t#fuzz_} || exit 1; done

bench: all tools ## measure against the real sops in the same run
	@$(PYTHON) tests/bench/bench.py --program $(BUILD)/krm-sops --tools $(BUILD)/tools

install: all ## install under DESTDIR/PREFIX
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/man/man1 include lib/pkgconfig)
	install -m 0755 $(BUILD)/krm-sops $(DESTDIR)$(PREFIX)/bin/krm-sops
	ln -sf krm-sops $(DESTDIR)$(PREFIX)/bin/ksops
	install -m 0644 man/krm-sops.1 $(DESTDIR)$(PREFIX)/share/man/man1/krm-sops.1
	install -m 0644 lib/krmsops.h $(DESTDIR)$(PREFIX)/include/krmsops.h
	install -m 0755 $(BUILD)/$(SONAME) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libkrmsops.so
	install -m 0644 $(BUILD)/libkrmsops.a $(DESTDIR)$(PREFIX)/lib/libkrmsops.a
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' lib/krmsops.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/krmsops.pc
	chmod 0644 $(DESTDIR)$(PREFIX)/lib/pkgconfig/krmsops.pc

clean: ## remove what was built
	rm -rf build

-include $(LIB_OBJ:.o=.d) $(FN_OBJ:.o=.d) $(UNIT_BIN:=.d) $(TOOL_BIN:=.d) $(FUZZ_BIN:=.d)

# krm-sops. `make help` lists the targets. Nothing asks pkg-config before `make deps` has run.
BUILD ?= build
CC ?= gcc
PREFIX ?= /usr/local
V ?= 0
Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '%-8s%s\n' '$(1)' '$(2)')

VERSION := $(shell cat VERSION)
PKGS = yaml-0.1 libsodium libcrypto jansson libpcre2-8
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS))

WARN = -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wwrite-strings \
	-Wno-unused-parameter -Wundef -Wpointer-arith
HARDEN = -fstack-protector-strong -fPIE -fno-common -fvisibility=hidden
BASE_CFLAGS = -std=gnu17 -D_GNU_SOURCE $(WARN) $(HARDEN) -Ilib -Ikrm-fn -DKRMSOPS_VERSION='"$(VERSION)"'
OPT ?= -O2 -g -D_FORTIFY_SOURCE=2
LDHARD = -pie -Wl,-z,relro,-z,now
# SAN=1: AddressSanitizer and UBSan, plus the test hooks
ifeq ($(SAN),1)
OPT = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DKRMSOPS_TEST
endif
ifeq ($(WERROR),1)
WARN += -Werror
endif
ALL_CFLAGS = $(BASE_CFLAGS) $(OPT) $(PKG_CFLAGS) $(CFLAGS)
ALL_LIBS = $(PKG_LIBS) -lm -ldl $(LDLIBS)

LIB_SRC := $(wildcard lib/*.c lib/base/*.c lib/doc/*.c lib/sops/*.c lib/keys/*.c)
FN_SRC := $(wildcard krm-fn/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
FN_OBJ := $(FN_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)

.PHONY: all unit clean
all: $(BUILD)/krm-sops ## build the program and the library

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libkrmsops.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/krm-sops: $(FN_OBJ) $(BUILD)/libkrmsops.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDHARD) $(LDFLAGS) -o $@ $^ $(ALL_LIBS)

# Unit tests: each tests/unit/test_X.c is one program, linked with the library and everything of krm-fn/ but main.c.
$(BUILD)/unit/%: tests/unit/%.c $(filter-out $(BUILD)/krm-fn/main.o,$(FN_OBJ)) $(BUILD)/libkrmsops.a
	$(call say,UNIT,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(BUILD)/libkrmsops.a -lcmocka $(ALL_LIBS)

unit: $(UNIT_BIN)
	@for t in $^; do $$t || exit 1; done

clean: ## remove build/
	rm -rf build

-include $(LIB_OBJ:.o=.d) $(FN_OBJ:.o=.d) $(UNIT_BIN:=.d)

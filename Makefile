# make; make check; make check SAN=address,undefined; make install PREFIX=~/.local
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
VERSION := 0.1

B       := build$(SAN:%=-%)
san     := $(SAN:%=-fsanitize=% -fno-sanitize-recover=all -fno-omit-frame-pointer)
flags    = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Icommon -MMD -MP -pthread $(warn) $(san)
warn     = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror

progs   := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
units   := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
fuzzers := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
scripts := backup.sh expire.sh restore.sh verify.sh
sections := 1 5 7
common  := $(patsubst common/%.c,$B/common/%.o,$(wildcard common/*.c))

all: $(progs:%=$B/%) $B/README.restore.txt

# What lies beside every set, for whoever has nothing of this toolkit.
page    := $(or $(wildcard man/glacier-backup-restoring.7),man/glacier-backup.7)
$B/README.restore.txt: $(page) scripts/plain
	@mkdir -p $(@D)
	scripts/plain $< >$@.new && mv $@.new $@

# What a program links beyond libc.  An archive gives each only what it uses.
sha    := -lmbedcrypto
net    := -lcurl -ljansson -lexpat $(sha)
$B/treehash:                          libs = $(sha)
$B/xzpar:                             libs = -llzma
$B/seal $B/seal-keygen:               libs = -lsodium $(sha)
$B/glacier-put $B/glacier-get $B/glacier-ls $B/glacier-rm: libs = $(net)
$B/vaultd:                            libs = -lmicrohttpd -ljansson -lexpat $(sha)
$B/unit/%:                            libs = -llzma -lsodium -lexpat $(net)

$(progs:%=$B/%): $B/%: $B/cmd/%.o $B/libcommon.a
$(units:%=$B/unit/%): $B/unit/%: $B/tests/unit/%.o $B/libcommon.a
$(progs:%=$B/%) $(units:%=$B/unit/%):
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(san) -pthread $(LDFLAGS) -o $@ $^ $(libs)

$B/libcommon.a: $(common)
	rm -f $@
	$(AR) rcs $@ $^

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(flags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

check: all $(units:%=$B/unit/%)
	BUILD=$(abspath $B) prove -j2 $(TESTS)
TESTS ?= $(sort $(wildcard tests/*.t)) $(units:%=$B/unit/%)

# Fuzzers need clang: make fuzz, then build/fuzz/NAME -max_total_time=300 DIR.  tests/fuzz/seeds makes the corpora.
fuzz: $(fuzzers:%=build/fuzz/%)
build/fuzz/%: tests/fuzz/%.c $(wildcard common/*.c) $(wildcard common/*.h)
	@mkdir -p $(@D)
	clang -std=c11 -D_GNU_SOURCE -DVERSION='"fuzz"' -Icommon -g -O1 -fsanitize=fuzzer,address,undefined \
	  -pthread -o $@ $< $(wildcard common/*.c) -lmicrohttpd -llzma -lsodium -lexpat $(net)

lint:
	mandoc -T lint -W warning man/*
	shellcheck -S warning -x $(filter-out %.d %/mkvectors,$(wildcard scripts/*)) $(wildcard scripts/bench.d/*) .ci/run tests/lib.sh tests/chaos tests/expire-random tests/*.t
	scripts/layers

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/etc $(DESTDIR)$(PREFIX)/share/glacier-backup $(sections:%=$(DESTDIR)$(PREFIX)/share/man/man%)
	install $(progs:%=$B/%) $(DESTDIR)$(PREFIX)/bin
	for s in $(scripts); do install scripts/$$s $(DESTDIR)$(PREFIX)/bin/glacier-$${s%.sh}; done
	install -m 644 etc/glacier-prices $(DESTDIR)$(PREFIX)/etc
	install -m 644 scripts/sets.sh $B/README.restore.txt $(DESTDIR)$(PREFIX)/share/glacier-backup
	for s in $(sections); do install -m 644 man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/etc/glacier-prices
	rm -rf $(DESTDIR)$(PREFIX)/share/glacier-backup
	cd $(DESTDIR)$(PREFIX)/bin && rm -f $(progs) $(scripts:%.sh=glacier-%)
	cd $(DESTDIR)$(PREFIX)/share/man && rm -f $(foreach s,$(sections),$(patsubst man/%,man$s/%,$(wildcard man/*.$s)))

clean:
	rm -rf build build-*

-include $(shell find $B -name '*.d' 2>/dev/null)
.PHONY: all check fuzz lint install uninstall clean
.SECONDARY:

# `make demo` and `make test` each work on a fresh Debian or Ubuntu with a Swift toolchain.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Where everything is built; another folder lets two builds run side by side.
SCRATCH ?= .build
# Extra arguments for `swift build` and `swift test`.
SWIFT_FLAGS ?=
# What the demo counts.
DEMO_DIRECTORY ?= /usr/include
DEMO_DEPTH ?= 2
# How many histories of each kind `make simulate` plays.
SEEDS ?= 20000
# Which tests run: a regular expression over Target.Suite/test, as `swift test --filter` takes it.
FILTER ?=
# Which rows `make test-hosts` or `make test-slurm` runs (empty: all).
ROWS ?=
# The scenario of `make scenario`, its arguments, and the start method (empty: one after the other).
NAME ?=
ARGUMENTS ?=
START_METHOD ?=
# Where random tests begin (empty: at a new seed, which is printed), and how often they try.
SEED ?=
ITERATIONS ?=
ROUNDS ?=
ITEMS ?=
FAULTS ?=
# Whom `make bench` measures beside C and Python: erlang, node, parallel, loky, tractor, or all.
PEERS ?=
# By how much the deadlines of tests are longer.
TIME_SCALE ?=
# Where `make install` puts the tool: below PREFIX, in a file system whose root is DESTDIR.
PREFIX ?= /usr/local
DESTDIR ?=
# How long `make fuzz` attacks, in seconds, all its targets together.
SECONDS ?= 300

# A target that imports a sibling without declaring it builds or fails by luck without the check.
CHECK_FLAGS = --explicit-target-dependency-import-check error $(SWIFT_FLAGS)
BUILD_FLAGS = --scratch-path $(SCRATCH) $(CHECK_FLAGS)
# The tool as it is installed: short commands are most of its work, so it looks for few things when it
# starts. Metadata of types is made by calls instead of by names, behind which the runtime would look
# for conformances in all records of the program; libzmq is inside where that is possible; no library
# is shown symbols of the tool that it does not need, and none is looked for beside the tool. Its
# functions are laid out in the order in which short commands call them, from a multiple of 2 MiB on,
# so that the kernel can map them in pages of that size.
TOOL_FLAGS = --configuration release --product ptree --disable-local-rpath \
	-Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors \
	-Xlinker --no-export-dynamic -Xswiftc -Xfrontend -Xswiftc -function-sections \
	-Xcc -ffunction-sections -Xswiftc -use-ld=lld -Xlinker --no-warn-symbol-ordering \
	-Xlinker --symbol-ordering-file=$(START_ORDER) \
	-Xlinker -z -Xlinker max-page-size=0x200000 -Xlinker -z -Xlinker separate-loadable-segments \
	$(shell Scripts/static-libraries "$(abspath $(SCRATCH))/static-libraries")
START_ORDER = $(abspath $(SCRATCH))/start-order
PYTHON_PACKAGES = $(abspath $(SCRATCH))/python-packages
TEST_ENVIRONMENT = PYTHONPATH="$(PYTHON_PACKAGES)$${PYTHONPATH:+:$$PYTHONPATH}" \
	$(foreach setting,SEED ITERATIONS ROUNDS ITEMS FAULTS TIME_SCALE,\
	$(if $($(setting)),PROCESS_TREE_TEST_$(setting)="$($(setting))"))
# One test after another: most start processes of their own, and there may be two cores.
TEST_FLAGS = --skip-build --no-parallel

# What a sanitizer can look into: the C code, all that reads from others, and the sockets.
ASAN_TARGETS = ^(MessagePackTests|WireTests|ProcessControlTests|LinksTests|ZeroMQTests)\.
# What has threads and no processes.
TSAN_TARGETS = ^(LinksTests|ProcessTreeUnitTests|ZeroMQTests)\.

SWIFT_SOURCES = $(wildcard Sources Tests Examples Benchmarks Package.swift)
LIBRARIES = ProcessTree Pools Pipelines ProcessTreeStages ProcessTreeTesting PtreeCommands

.PHONY: help
help: ## Lists the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dependencies
dependencies:
	@Scripts/install-dependencies

.PHONY: test-dependencies
test-dependencies:
	@Scripts/install-dependencies --with-tests "$(PYTHON_PACKAGES)"

.PHONY: build
build: dependencies ## Builds everything for debugging.
	swift build $(BUILD_FLAGS)

.PHONY: demo
demo: dependencies $(START_ORDER) ## Counts files, their words and their lines, with trees of processes.
	swift build $(BUILD_FLAGS) $(TOOL_FLAGS)
	@Scripts/demo "$(SCRATCH)/release/ptree" "$(DEMO_DIRECTORY)" "$(DEMO_DEPTH)"

.PHONY: install
install: dependencies $(START_ORDER) ## Installs ptree with its manual and completions below PREFIX=/usr/local.
	$(build_tool)
	@Scripts/install install "$(SCRATCH)/release/ptree" "$(PREFIX)" "$(DESTDIR)"

# Empty until a tool has been built whose calls can be noted.
$(START_ORDER):
	@mkdir -p $(@D) && touch $@

# Builds the tool, and links it again if its calls are not yet known.
define build_tool
swift build $(BUILD_FLAGS) $(TOOL_FLAGS)
	@if Scripts/start-order "$(SCRATCH)/release/ptree" $(START_ORDER); then \
		rm "$(SCRATCH)/release/ptree" && swift build $(BUILD_FLAGS) $(TOOL_FLAGS); \
	fi
endef

.PHONY: uninstall
uninstall: ## Removes what `make install` has put below PREFIX=.
	@Scripts/install uninstall "" "$(PREFIX)" "$(DESTDIR)"

.PHONY: test
test: test-dependencies ## Builds and runs all tests, or those that FILTER= matches.
	swift build $(BUILD_FLAGS) --build-tests
ifeq ($(FILTER),)
	$(TEST_ENVIRONMENT) Scripts/run-tests "$$(swift build $(BUILD_FLAGS) --show-bin-path)"
else
	$(TEST_ENVIRONMENT) $(if $(SEED),SWIFT_DETERMINISTIC_HASHING=1) \
		swift test $(BUILD_FLAGS) $(TEST_FLAGS) --filter '$(FILTER)'
endif

.PHONY: test-hosts
test-hosts: dependencies ## Runs ptree over simulated hosts, as root: all rows, or those of ROWS=.
	swift build $(BUILD_FLAGS) --product ptree
	swift build $(BUILD_FLAGS) --product host-fixture
	Tests/Hosts/run "$$(swift build $(BUILD_FLAGS) --show-bin-path)/ptree" $(ROWS)

.PHONY: test-slurm
test-slurm: dependencies ## Runs ptree over a simulated cluster of Slurm, as root: all rows, or those of ROWS=.
	swift build $(BUILD_FLAGS) --product ptree
	swift build $(BUILD_FLAGS) --product host-fixture
	Tests/Hosts/run --slurm "$$(swift build $(BUILD_FLAGS) --show-bin-path)/ptree" $(ROWS)

.PHONY: scenario
scenario: dependencies ## Runs the scenario NAME= of a fixture; ARGUMENTS= and START_METHOD= go to it.
	swift build $(BUILD_FLAGS) --build-tests
	$(TEST_ENVIRONMENT) Scripts/run-scenario \
		"$$(swift build $(BUILD_FLAGS) --show-bin-path)" "$(NAME)" "$(START_METHOD)" $(ARGUMENTS)

# The manifest links the tool for a bundle of tests then.
simulate test-release: export PROCESS_TREE_OPTIMIZED_TESTS = 1

.PHONY: simulate
simulate: test-dependencies ## Plays SEEDS= simulated histories of each kind, from SEED= on.
	swift build $(CHECK_FLAGS) --scratch-path $(SCRATCH)-release --configuration release \
		-Xswiftc -enable-testing --build-tests
	$(TEST_ENVIRONMENT) SWIFT_DETERMINISTIC_HASHING=1 PROCESS_TREE_TEST_ITERATIONS=$(SEEDS) \
		swift test $(CHECK_FLAGS) --scratch-path $(SCRATCH)-release --configuration release \
		-Xswiftc -enable-testing $(TEST_FLAGS) --filter SimulationTests

.PHONY: chaos
chaos: dependencies $(START_ORDER) ## Hits trees of processes with ten thousand faults, from SEED= on; some minutes.
	swift build $(BUILD_FLAGS) $(TOOL_FLAGS)
	Scripts/chaos "$(SCRATCH)/release/ptree" $(SEED)

# Each target has its share of the time, and the rounds of an ordinary test run at the least.
.PHONY: fuzz
fuzz: SEED := $(or $(SEED),$(FUZZ_SEED))
fuzz: test-dependencies ## Feeds random bytes to all that reads from others, for SECONDS=300; counts them.
	swift build $(BUILD_FLAGS) --build-tests
	@targets=$$(swift test $(BUILD_FLAGS) --skip-build list | grep -c Fuzz); \
	share=$$(awk "BEGIN { print $(SECONDS) / $$targets }"); \
	echo "$$targets targets, $$share s each"; \
	$(TEST_ENVIRONMENT) PROCESS_TREE_TEST_FUZZ_SECONDS=$$share \
		swift test $(BUILD_FLAGS) $(TEST_FLAGS) --filter Fuzz | tee "$(SCRATCH)/fuzz.log"
	@awk '/^fuzz: / { sum += $$3; print } END { print "fuzz: " sum " inputs in all" }' "$(SCRATCH)/fuzz.log"

# Each kind of build has a folder of its own beside $(SCRATCH), so that none makes another anew.
.PHONY: asan
asan: test-dependencies ## Runs tests of C and of all that reads bytes under AddressSanitizer.
	$(call test_as,asan,--sanitize=address,ASAN_OPTIONS=detect_leaks=0,$(ASAN_TARGETS))

.PHONY: tsan
tsan: test-dependencies ## Runs tests of what has threads under ThreadSanitizer.
	$(call test_as,tsan,--sanitize=thread,\
		TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/Support/tsan-suppressions.txt",$(TSAN_TARGETS))

.PHONY: test-release
test-release: test-dependencies ## Runs the tests as optimised code.
	$(call test_as,release,--configuration release -Xswiftc -enable-testing,,)

.PHONY: coverage
coverage: test-dependencies ## Runs the tests and says how much of each module they reach.
	$(call test_as,coverage,--enable-code-coverage,,)
	Scripts/coverage-report $(SCRATCH)-coverage

# Builds and runs tests in another way: name, flags, environment, the tests if there is no FILTER.
# Slower code gets longer deadlines.
define test_as
swift build $(CHECK_FLAGS) --scratch-path $(SCRATCH)-$(1) $(2) --build-tests
	$(TEST_ENVIRONMENT) PROCESS_TREE_TEST_TIME_SCALE=$(or $(TIME_SCALE),4) $(3) \
		swift test $(CHECK_FLAGS) --scratch-path $(SCRATCH)-$(1) $(2) $(TEST_FLAGS) \
		$(if $(FILTER)$(4),--filter '$(or $(FILTER),$(4))')
endef

.PHONY: bench
bench: dependencies $(START_ORDER) ## Measures, beside the same work in C and Python; PEERS=all: and Erlang, Node, tractor, loky, GNU parallel.
	$(if $(PEERS),Benchmarks/peers/install)
	Benchmarks/run $(if $(PEERS),--peers $(PEERS)) --json "$(SCRATCH)/bench.json"
	Benchmarks/chart "$(SCRATCH)/bench.json" > "$(SCRATCH)/bench.svg"
	Benchmarks/scale --rounds 3
	Benchmarks/words
	$(build_tool)
	Benchmarks/topologies --ptree "$(SCRATCH)/release/ptree"
	Benchmarks/topology-pipelines --ptree "$(SCRATCH)/release/ptree"
	Benchmarks/live "$(SCRATCH)/release/ptree"

.PHONY: instructions
instructions: ## Counts instructions and allocations of the hot paths, against a baseline.
	@Scripts/install-dependencies --with-valgrind
	Benchmarks/instructions

.PHONY: lint
lint: ## Checks the format of all Swift files.
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

.PHONY: api
api: build ## Writes the public declarations of the libraries to Docs/api.md.
	Scripts/public-api $(SCRATCH)

.PHONY: check-api
check-api: build ## Compares Docs/api.md with the code.
	Scripts/public-api --check $(SCRATCH)

.PHONY: docs
docs: dependencies ## Builds the documentation; a broken link is an error.
	swift package --scratch-path $(SCRATCH) generate-documentation --warnings-as-errors \
		$(foreach library,$(LIBRARIES),--target $(library))
	@echo "To read the documentation of a module, serve its archive and open the address:"
	@echo "  python3 -m http.server --directory $(SCRATCH)/plugins/Swift-DocC/outputs/ProcessTree.doccarchive"
	@echo "  http://localhost:8000/documentation/processtree/"

.PHONY: clean
clean: ## Removes what was built.
	rm -rf "$(SCRATCH)" $(foreach kind,asan tsan release coverage install,"$(SCRATCH)-$(kind)")

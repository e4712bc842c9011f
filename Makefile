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
# How many attacks `make fuzz` makes, and with which seed (none: a new one, which is printed).
FUZZ_ITERATIONS ?= 1000000
FUZZ_SEED ?=

# A target that imports a sibling without declaring it builds or fails by luck without the check.
BUILD_FLAGS = --scratch-path $(SCRATCH) --explicit-target-dependency-import-check error \
	$(SWIFT_FLAGS)
PYTHON_PACKAGES = $(abspath $(SCRATCH))/python-packages
TEST_ENVIRONMENT = PYTHONPATH="$(PYTHON_PACKAGES)$${PYTHONPATH:+:$$PYTHONPATH}"

SWIFT_SOURCES = $(wildcard Sources Tests Examples Benchmarks Package.swift)
LIBRARIES = ProcessTree Pools Pipelines Stages ProcessTreeTesting Links Supervision Wire ProcessControl MessagePack ZeroMQ

.PHONY: help
help: ## Lists the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
demo: dependencies ## Counts a directory's files, then their words, with trees of processes.
	swift build $(BUILD_FLAGS) --configuration release --product ptree
	@echo "Each directory of $(DEMO_DIRECTORY) down to depth $(DEMO_DEPTH) is a process of its own,"
	@echo "a child of the process of the directory above it; their events go by, then the total:"
	"$$(swift build $(BUILD_FLAGS) --configuration release --show-bin-path)/ptree" \
		run tally "$(DEMO_DIRECTORY)" --depth $(DEMO_DEPTH)
	@echo "The same files go through a pipeline of processes that find words, count them and merge"
	@echo "the counts:"
	"$$(swift build $(BUILD_FLAGS) --configuration release --show-bin-path)/ptree" \
		run wordcount "$(DEMO_DIRECTORY)"

# One test after another: most start processes of their own, and there may be two cores.
.PHONY: test
test: test-dependencies ## Builds and runs all tests, those of the architecture included.
	swift build $(BUILD_FLAGS) --build-tests
	$(TEST_ENVIRONMENT) swift test $(BUILD_FLAGS) --skip-build --no-parallel

.PHONY: fuzz
fuzz: test-dependencies ## Feeds many more random bytes to everything that reads from others.
	swift build $(BUILD_FLAGS) --build-tests
	$(TEST_ENVIRONMENT) PROCESS_TREE_FUZZ_ITERATIONS=$(FUZZ_ITERATIONS) \
		$(if $(FUZZ_SEED),PROCESS_TREE_FUZZ_SEED=$(FUZZ_SEED)) \
		swift test $(BUILD_FLAGS) --skip-build --filter Fuzz

.PHONY: bench
bench: dependencies ## Measures, beside the same work in C.
	Benchmarks/run
	Benchmarks/words

.PHONY: lint
lint: ## Checks the format of all Swift files.
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

.PHONY: docs
docs: dependencies ## Builds the documentation; a broken link is an error.
	swift package --scratch-path $(SCRATCH) generate-documentation --warnings-as-errors \
		$(foreach library,$(LIBRARIES),--target $(library))

.PHONY: clean
clean: ## Removes what was built.
	rm -rf "$(SCRATCH)"

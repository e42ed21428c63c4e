# The front for people; the build itself is CMakeLists.txt.
.DEFAULT_GOAL := build
.PHONY: build run test bench fuzz soak tidy lint format clean help setup mcdc sbom

build: ## the hardened release: build/weft
	@tools/setup run
	@tools/ui
	@mkdir -p build
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset release -- --quiet

run: build ## a demonstration on http://127.0.0.1:8080 (DATA= PORT= PATIENTS=)
	@tools/run

test: ## every suite and gate
	@tools/setup test
	@tools/ui
	@tools/test

bench: ## figures beside their limits
	@tools/setup bench
	@$(MAKE) --no-print-directory build
	@bench/run

fuzz: ## every parser for SECONDS_EACH seconds
	@tools/setup test
	@tools/fuzz

soak: ## the crash suites for longer, each with a hundred kills at least, and a million contacts: SOAK=minutes
	@tools/setup test
	@tools/ui
	@cmake --preset dev >/dev/null && cmake --build --preset dev -- --quiet
	@WEFT_KILLS=100 ROUNDS=100 WEFT_CONTACTS=1000000 WEFT_SOAK_MINUTES=$${SOAK:-60} ctest --preset dev --label-regex 'soak|crash' --timeout 14400

tidy: ## clang-tidy over the product
	@cmake --preset dev >/dev/null && cmake --build --preset dev -- --quiet
	@tools/check_tidy.py build/dev

lint: ## all gates
	@tools/setup test
	@cmake --preset dev >/dev/null && cmake --build --preset dev -- --quiet
	@ctest --preset dev --label-regex gate

format: ## C files as clang-format writes them
	@tools/check_format --fix

clean: ## build folders and web/dist (not the data)
	@rm -rf build web/dist

help:
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

mcdc: ## condition coverage of the deciding code (needs clang-19)
	@tools/mcdc

sbom: build ## the bill of materials: build/weft.cdx.json (CycloneDX)
	@tools/sbom.py build/weft >build/weft.cdx.json && echo build/weft.cdx.json

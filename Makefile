# The few commands. Each makes ready what it needs, saying so, and works for root and for a user with sudo.

# What a recipe of several lines sets must reach its end.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
CARGO ?= cargo
MDBOOK = $(shell PATH="$(CURDIR)/target/tools/bin:$$PATH" command -v mdbook)

.PHONY: help demo test bench book images lint setup clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 14

demo: setup ## build keg, make an image and run a container, seen from inside and from the host
	@tests/demo

test: setup ## prove it: every test, as root where the kernel is asked
	@rm -rf target/skipped
	@$(CARGO) test --workspace --no-fail-fast $(TESTFLAGS)
	@if [ -s target/skipped ]; then echo; echo "skipped:"; cat target/skipped; fi

bench: ## compare the start of a container with bwrap, crun, runc, podman and docker
	@BENCH=1 tests/setup
	@tests/bench

book: ## build the book into book/out
	@if [ -z "$(MDBOOK)" ]; then \
	    echo "book: installing mdbook below target/tools (a few minutes, once)"; \
	    $(CARGO) install --quiet mdbook --version 0.5.4 --locked --root target/tools; \
	fi
	@PATH="$(CURDIR)/target/tools/bin:$$PATH" mdbook build book

images: setup ## make target/images and target/rootfs: busybox and debian

lint: ## formatting, clippy, documentation: all without a warning
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet

setup:
	@tests/setup

clean: ## remove everything that was built; the images belong to root
	@if [ "$$(id -u)" = 0 ] || ! [ -d target/rootfs ]; then rm -rf target; else sudo rm -rf target; fi

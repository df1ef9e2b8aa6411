# Everything a developer or CI runs. The work is in tools/; each script says what it does.

# Debian packages, by what needs them. libvirt-python has no wheels: it is built against libvirt-dev.
BUILD_PACKAGES = ca-certificates gcc libc6-dev libvirt-dev pkg-config python3 python3-dev python3-venv
RUN_PACKAGES = $(BUILD_PACKAGES) curl sblim-wbemcli
TEST_PACKAGES = $(RUN_PACKAGES) git iproute2 libvirt-clients libvirt-daemon libvirt-daemon-driver-lxc \
	libvirt-daemon-driver-qemu openssl postgresql procps qemu-system-x86 qemu-utils util-linux
BENCH_PACKAGES = $(TEST_PACKAGES) nginx-light wrk
FRESH_PACKAGES = debootstrap git util-linux

# In the order of the rooms: by the number of tests, as xdist would have it, the longest files, each a
# handful of tests with real guests, come last, when there is nothing left for the other worker.
PYTEST_ARGUMENTS = -n 2 --dist loadfile --no-loadscope-reorder

# How many requests `make fuzz` sends, and from where: FUZZ='200000 --seed 1 --first 50000'
FUZZ = 200000

.PHONY: help run test lint bench fuzz soak wheel check-wheel fresh clean

help:
	@echo 'make run          serve a test hypervisor and show three clients'
	@echo 'make test         run every test'
	@echo 'make lint         check style, types and layers'
	@echo 'make bench        run the benchmarks'
	@echo 'make fuzz         send 200 000 spoilt requests, and look whether it grows'
	@echo 'make soak         migrate 200 times back and forth, and look what is left'
	@echo 'make check-wheel  build the wheel and try it'
	@echo 'make fresh        prove run and test on a bare Debian 12 (as root)'

run:
	@tools/debian-packages $(RUN_PACKAGES)
	@tools/environment --group clients
	@tools/run

test:
	@tools/debian-packages $(TEST_PACKAGES)
	@tools/environment --extra postgresql --group test
	@.venv/bin/python -m pytest $(PYTEST_ARGUMENTS)

lint:
	@tools/debian-packages $(BUILD_PACKAGES)
	@tools/environment --extra postgresql --group test --group lint
	@tools/lint

bench:
	@tools/debian-packages $(BENCH_PACKAGES)
	@tools/environment --group test --group bench
	@.venv/bin/python -m benchmarks

fuzz:
	@tools/debian-packages $(TEST_PACKAGES)
	@tools/environment --group test
	@.venv/bin/python -m tests.fuzz $(FUZZ)

soak:
	@tools/debian-packages $(TEST_PACKAGES)
	@tools/environment --group test --group bench
	@.venv/bin/python -m benchmarks.soak

wheel:
	@tools/debian-packages $(BUILD_PACKAGES)
	@tools/environment
	@tools/wheel

check-wheel: wheel
	@tools/debian-packages $(BUILD_PACKAGES) git
	@tools/check-wheel

fresh:
	@tools/debian-packages $(FRESH_PACKAGES)
	@tools/fresh

clean:
	rm -rf .venv build dist src/*.egg-info

"""For the tests of Divan and of host applications: clocks, contract suites, the privacy probe."""

/* SPDX-License-Identifier: MIT */
/*
 * What the attest tests share: a report to quote, quotes of it, and asking a result about one link.
 */
#ifndef TESTS_ATTEST_SUPPORT_H
#define TESTS_ATTEST_SUPPORT_H

#include "attest/quoting.h"
#include "attest/verify.h"

/* When everything in these tests happens. */
#define TEST_NOW ((time_t)1750000000)

extern const uint8_t test_mac_key[32];

/* A TDREPORT with distinct bytes in each field, right hashes, and a MAC under test_mac_key. */
void make_report(uint8_t bytes[TDREPORT_SIZE]);

struct test_quote {
	struct quoting *service;
	struct attest_options options; /* root and time */
	size_t size;
	uint8_t bytes[QUOTING_MAX_SIZE];
};

/* A quote of make_report()'s report. False: the service failed. */
bool make_quote(struct test_quote *q, unsigned int version);
void free_quote(struct test_quote *q);

/* Verdict of the n-th link of that name, from 0; -1 when there is none. */
int verdict_of(const struct attest_links *links, const char *name, int n);

/* Fails the running test unless exactly one link fails, and it has that name. */
void only_fails(const struct attest_links *links, const char *name);

/* Fails the running test, with the link's text, unless all hold. */
void all_hold(const struct attest_links *links);

#endif

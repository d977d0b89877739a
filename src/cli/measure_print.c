// SPDX-License-Identifier: MIT
/*
 * Which measurements match, and the output of `seamless measure`.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "attest/digest.h"
#include "cli/cli.h"
#include "cli/measure.h"

static const struct {
	const char *name;
	const char *used_by;
} orders[] = {
	[MRTD_SINGLE] = { "single", "KVM, QEMU 9 and later" },
	[MRTD_TWO_PASS] = { "two-pass", "Ubuntu and Intel stacks with QEMU 8" },
};

const char *measure_order_name(enum mrtd_order order)
{
	return orders[order].name;
}

static bool order_matches(const struct measure *m, const struct measure_subject *subject,
			  size_t order)
{
	return m->wanted[order] && !memcmp(subject->mrtd[order], m->expected.mrtd, MRTD_SIZE);
}

static bool compares_rtmr(const struct measure *m, const struct measure_subject *subject)
{
	return m->match_rtmr && subject->has_rtmr;
}

static bool rtmr_matches(const struct measure *m, const struct measure_subject *subject, size_t i)
{
	return !memcmp(subject->rtmr[i], m->expected.rtmr[i], sizeof(subject->rtmr[i]));
}

static bool subject_matches(const struct measure *m, const struct measure_subject *subject)
{
	bool mrtd = false;

	for (size_t i = 0; i < MRTD_ORDERS; i++)
		mrtd |= order_matches(m, subject, i);
	for (size_t i = 0; i < 4 && compares_rtmr(m, subject); i++)
		mrtd &= rtmr_matches(m, subject, i);
	return mrtd;
}

bool measure_matches(const struct measure *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (subject_matches(m, &m->subject[i]))
			return true;
	}
	return false;
}

static json_t *json_hex(const uint8_t value[MRTD_SIZE])
{
	char hex[2 * MRTD_SIZE + 1];

	return json_string(hex_of(value, MRTD_SIZE, hex));
}

static void add_rtmr(const struct measure *m, const struct measure_subject *subject, json_t *to)
{
	json_t *rtmr = json_array(), *matching = json_array();

	for (size_t i = 0; i < 4; i++) {
		json_array_append_new(rtmr, json_hex(subject->rtmr[i]));
		json_array_append_new(matching, json_boolean(rtmr_matches(m, subject, i)));
	}
	if (subject->has_rtmr)
		json_object_set(to, "rtmr", rtmr);
	if (compares_rtmr(m, subject))
		json_object_set(to, "match_rtmr", matching);
	json_decref(rtmr);
	json_decref(matching);
}

static json_t *json_of(const struct measure *m, const struct measure_subject *subject)
{
	json_t *root = json_object(), *mrtd = json_object(), *matching = json_array();

	for (size_t i = 0; i < MRTD_ORDERS; i++) {
		if (m->wanted[i])
			json_object_set_new(mrtd, orders[i].name, json_hex(subject->mrtd[i]));
		if (m->match_mrtd && order_matches(m, subject, i))
			json_array_append_new(matching, json_string(orders[i].name));
	}
	if (m->count > 1)
		json_object_set_new(root, "file", json_string(subject->name));
	json_object_set_new(root, "mrtd", mrtd);
	add_rtmr(m, subject, root);
	if (m->match_mrtd)
		json_object_set(root, "match", matching);
	json_decref(matching);
	return root;
}

int measure_print_json(const struct measure *m)
{
	json_t *root, *images;
	int failed;

	if (m->count == 1) {
		root = json_of(m, &m->subject[0]);
	} else {
		images = json_array();
		for (size_t i = 0; i < m->count; i++)
			json_array_append_new(images, json_of(m, &m->subject[i]));
		root = json_pack("{s:o}", "images", images);
	}
	failed = json_dumpf(root, stdout, JSON_COMPACT) || putchar('\n') == EOF;
	json_decref(root);
	return failed ? CLI_USAGE : CLI_DONE;
}

static void print_rtmr(const struct measure *m, const struct measure_subject *subject)
{
	char hex[2 * MRTD_SIZE + 1];

	for (size_t i = 0; i < 4; i++)
		printf("RTMR%zu     %s%s\n", i,
		       hex_of(subject->rtmr[i], sizeof(subject->rtmr[i]), hex),
		       !compares_rtmr(m, subject)    ? ""
		       : rtmr_matches(m, subject, i) ? "  MATCHES"
						     : "  DIFFERS");
}

static void print_subject(const struct measure *m, const struct measure_subject *subject)
{
	char hex[2 * MRTD_SIZE + 1];

	if (m->count > 1)
		printf("%s:\n", subject->name);
	for (size_t i = 0; i < MRTD_ORDERS; i++) {
		if (m->wanted[i])
			printf("%-8s  %s  %s%s\n", orders[i].name,
			       hex_of(subject->mrtd[i], MRTD_SIZE, hex), orders[i].used_by,
			       m->match_mrtd && order_matches(m, subject, i) ? "  MATCHES" : "");
	}
	if (subject->has_rtmr)
		print_rtmr(m, subject);
}

void measure_print_text(const struct measure *m)
{
	char hex[2 * MRTD_SIZE + 1];

	for (size_t i = 0; i < m->count; i++)
		print_subject(m, &m->subject[i]);
	if (m->match_mrtd && !measure_matches(m))
		printf("no match  %s\n", hex_of(m->expected.mrtd, MRTD_SIZE, hex));
}

// SPDX-License-Identifier: MIT
/*
 * `seamless measure`: the MRTD of a firmware image, in both page orders in use, found by building
 * the TD leaf by leaf in the software module.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "attest/digest.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "formats/quote.h"
#include "formats/tdvf.h"
#include "vmm/measure.h"

#define MAX_IMAGE (256u << 20)
#define MAX_FILES 4

static const struct {
	const char *name;
	const char *used_by;
} orders[] = {
	[VMM_ORDER_SINGLE] = { "single", "KVM, QEMU 9 and later" },
	[VMM_ORDER_TWO_PASS] = { "two-pass", "Ubuntu and Intel stacks with QEMU 8" },
};

#define ORDERS (sizeof(orders) / sizeof(orders[0]))

struct measure {
	bool wanted[ORDERS];
	bool json, match;
	uint8_t expected[VMM_MRTD_SIZE]; /* with `match` */
	struct file image;		 /* all files, one after the other */
	uint8_t mrtd[ORDERS][VMM_MRTD_SIZE];
};

static void usage(FILE *out)
{
	fputs("usage: seamless measure FILE... [OPTIONS]\n\n"
	      "FILE is a firmware image with TDX metadata; several are taken as one image, in the "
	      "order\n"
	      "in which they are mapped (OVMF_VARS.fd OVMF_CODE.fd).\n"
	      "  --order ORDER  single: each page is added and extended before the next;\n"
	      "                 two-pass: all pages of a section are added, then extended;\n"
	      "                 without it, both\n"
	      "  --match WHAT   which order gives this MRTD? WHAT is 96 hex digits, or a file: a "
	      "TDREPORT\n"
	      "                 or a quote\n"
	      "  --json         {\"mrtd\": {\"single\": \"<96 hex>\", \"two-pass\": \"<96 "
	      "hex>\"}}\n\n"
	      "Exit status: 0 measured, and matched where asked; 1 the image is wrong, or nothing\n"
	      "matches; 2 usage or I/O error.\n",
	      out);
}

static int take_order(struct measure *m, const char *name)
{
	for (size_t i = 0; i < ORDERS; i++) {
		if (!strcmp(orders[i].name, name)) {
			m->wanted[i] = true;
			return 0;
		}
	}
	fprintf(stderr, "seamless measure: no order '%s': single or two-pass\n", name);
	return -1;
}

/* The MRTD inside a report or a quote; what its signatures are worth `seamless verify` tells. */
static int expected_from_file(struct measure *m, const char *path)
{
	struct format_error report_error, quote_error;
	struct tdreport report;
	struct quote quote;
	struct file file;
	int result = 0;

	if (file_read(&file, path, QUOTE_MAX_SIZE))
		return -1;
	if (!tdreport_parse(&report, file.bytes, file.size, &report_error)) {
		memcpy(m->expected, report.td.mrtd, sizeof(m->expected));
	} else if (!quote_parse(&quote, file.bytes, file.size, &quote_error)) {
		memcpy(m->expected, quote.td.mrtd, sizeof(m->expected));
	} else {
		fprintf(stderr, "seamless measure: %s: no TDREPORT (%s) and no quote (%s)\n", path,
			report_error.text, quote_error.text);
		result = -1;
	}
	file_free(&file);
	return result;
}

static int take_match(struct measure *m, const char *what)
{
	m->match = true;
	if (strlen(what) == 2 * VMM_MRTD_SIZE && hex_to(what, m->expected, VMM_MRTD_SIZE))
		return 0;
	return expected_from_file(m, what);
}

static int append(struct measure *m, const char *path)
{
	struct file file;
	char *both;

	if (file_read(&file, path, MAX_IMAGE - m->image.size))
		return -1;
	both = realloc(m->image.bytes, m->image.size + file.size + 1);
	if (both) {
		memcpy(both + m->image.size, file.bytes, file.size);
		m->image.bytes = both;
		m->image.size += file.size;
	} else {
		fprintf(stderr, "seamless measure: %s: out of memory\n", path);
	}
	file_free(&file);
	return both ? 0 : -1;
}

/* -1: go on; else the exit status. */
static int read_options(struct measure *m, int argc, char **argv)
{
	static const struct option options[] = {
		{ "order", required_argument, NULL, 'o' },
		{ "match", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h': usage(stdout); return CLI_DONE;
		case 'j': m->json = true; break;
		case 'o':
			if (take_order(m, optarg))
				return CLI_USAGE;
			break;
		case 'm':
			if (take_match(m, optarg))
				return CLI_USAGE;
			break;
		default: return CLI_USAGE;
		}
	}
	if (optind < argc && argc - optind <= MAX_FILES)
		return -1;
	usage(stderr);
	return CLI_USAGE;
}

static int measure_all(struct measure *m, const char *path)
{
	struct format_error wrong;
	struct vmm_error err;
	struct tdvf tdvf;

	if (tdvf_parse(&tdvf, m->image.bytes, m->image.size, &wrong)) {
		fprintf(stderr, "seamless measure: %s: %s\n", path, wrong.text);
		return CLI_WRONG;
	}
	for (size_t i = 0; i < ORDERS; i++) {
		if (m->wanted[i] && vmm_measure(m->image.bytes, m->image.size, (enum vmm_order)i,
						m->mrtd[i], &err)) {
			fprintf(stderr, "seamless measure: %s: %s\n", path, err.text);
			return CLI_WRONG;
		}
	}
	return CLI_DONE;
}

static bool matches(const struct measure *m, size_t order)
{
	return m->wanted[order] && !memcmp(m->mrtd[order], m->expected, VMM_MRTD_SIZE);
}

static bool matches_any(const struct measure *m)
{
	for (size_t i = 0; i < ORDERS; i++) {
		if (matches(m, i))
			return true;
	}
	return false;
}

static int print_json(const struct measure *m)
{
	json_t *root = json_object(), *mrtd = json_object(), *matching = json_array();
	char hex[2 * VMM_MRTD_SIZE + 1];
	int failed;

	for (size_t i = 0; i < ORDERS; i++) {
		if (m->wanted[i])
			json_object_set_new(mrtd, orders[i].name,
					    json_string(hex_of(m->mrtd[i], VMM_MRTD_SIZE, hex)));
		if (m->match && matches(m, i))
			json_array_append_new(matching, json_string(orders[i].name));
	}
	json_object_set_new(root, "mrtd", mrtd);
	if (m->match)
		json_object_set(root, "match", matching);
	failed = json_dumpf(root, stdout, JSON_COMPACT) || putchar('\n') == EOF;
	json_decref(matching);
	json_decref(root);
	return failed ? CLI_USAGE : CLI_DONE;
}

static void print_text(const struct measure *m)
{
	char hex[2 * VMM_MRTD_SIZE + 1];

	for (size_t i = 0; i < ORDERS; i++) {
		if (m->wanted[i])
			printf("%-8s  %s  %s%s\n", orders[i].name,
			       hex_of(m->mrtd[i], VMM_MRTD_SIZE, hex), orders[i].used_by,
			       m->match && matches(m, i) ? "  MATCHES" : "");
	}
	if (m->match && !matches_any(m))
		printf("no match  %s\n", hex_of(m->expected, VMM_MRTD_SIZE, hex));
}

static bool is_image(const struct measure *m)
{
	struct tdvf tdvf;

	return !tdvf_parse(&tdvf, m->image.bytes, m->image.size, NULL);
}

/* All files as one image; two that make none in the order given may do so in the other. */
static int read_image(struct measure *m, int count, char **paths)
{
	for (int i = 0; i < count; i++) {
		if (append(m, paths[i]))
			return -1;
	}
	if (count != 2 || is_image(m))
		return 0;
	file_free(&m->image);
	if (append(m, paths[1]) || append(m, paths[0]))
		return -1;
	if (is_image(m))
		return 0;
	file_free(&m->image);
	return append(m, paths[0]) || append(m, paths[1]);
}

static int measure_files(struct measure *m, int count, char **paths)
{
	int status;

	if (read_image(m, count, paths))
		return CLI_USAGE;
	status = measure_all(m, paths[count - 1]);
	if (status != CLI_DONE)
		return status;
	if (m->json)
		status = print_json(m);
	else
		print_text(m);
	return status == CLI_DONE && m->match && !matches_any(m) ? CLI_WRONG : status;
}

static int run(int argc, char **argv)
{
	struct measure m = { .json = false };
	int status = read_options(&m, argc, argv);

	if (status < 0) {
		if (!m.wanted[VMM_ORDER_SINGLE] && !m.wanted[VMM_ORDER_TWO_PASS])
			m.wanted[VMM_ORDER_SINGLE] = m.wanted[VMM_ORDER_TWO_PASS] = true;
		status = measure_files(&m, argc - optind, argv + optind);
	}
	file_free(&m.image);
	return status;
}

const struct cli_verb verb_measure = {
	.name = "measure",
	.summary = "MRTD of a firmware image, in both page orders in use",
	.run = run,
};

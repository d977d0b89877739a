// SPDX-License-Identifier: MIT
/*
 * `seamless measure`: the MRTD of firmware images in both page orders in use; of a Linux
 * kernel the RTMRs too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/digest.h"
#include "cli/boot_option.h"
#include "cli/cli.h"
#include "cli/measure.h"
#include "cli/option.h"
#include "formats/quote.h"
#include "vmm/td.h"

static void usage(FILE *out)
{
	fputs("usage: seamless measure FILE... [OPTIONS]\n"
	      "       seamless measure --kernel FILE [OPTIONS]\n\n"
	      "FILE is a firmware image with TDX metadata. Of several, each is measured; when one "
	      "is "
	      "no\n"
	      "image alone, all are one image, in the order in which they are mapped "
	      "(OVMF_VARS.fd\n"
	      "OVMF_CODE.fd).\n"
	      "  --kernel FILE  a Linux kernel as `seamless run --kernel` boots it: the boot "
	      "shim's "
	      "MRTD,\n"
	      "                 and the RTMRs, which depend on all of the following\n"
	      "  --initrd FILE  its initial RAM disk\n"
	      "  --append TEXT  its command line; without it that of `seamless run`\n"
	      "  -m, --memory SIZE\n"
	      "                 the guest's memory; without it 512M\n"
	      "  --smp N        number of vCPUs; without it 1\n"
	      "  --order ORDER  single: each page is added and extended before the next;\n"
	      "                 two-pass: all pages of a section are added, then extended;\n"
	      "                 without it, both\n"
	      "  --match WHAT   which image and order give this MRTD? WHAT is 96 hex digits, or a "
	      "file: a\n"
	      "                 TDREPORT or a quote, whose RTMRs are compared too where they are "
	      "predicted\n"
	      "  --json         {\"mrtd\": {\"single\": \"<96 hex>\", \"two-pass\": \"<96 "
	      "hex>\"}}, \"rtmr\": [...];\n"
	      "                 of several images {\"images\": [{\"file\": NAME, ...}, ...]}\n\n"
	      "Exit status: 0 measured, and matched where asked; 1 the image is wrong, or nothing\n"
	      "matches; 2 usage or I/O error.\n",
	      out);
}

static int take_order(struct measure *m, const char *name)
{
	bool known = false;

	for (size_t i = 0; i < MRTD_ORDERS; i++)
		known |= m->wanted[i] = !strcmp(measure_order_name((enum mrtd_order)i), name);
	if (known)
		return 0;
	fprintf(stderr, "seamless measure: no order '%s': single or two-pass\n", name);
	return -1;
}

/* What a report or a quote says of its TD; what its signatures are worth `seamless verify` tells.
 */
static int expected_from_file(struct measure *m, const char *path)
{
	struct format_error report_error, quote_error;
	struct tdreport report;
	struct quote quote;
	struct file file;
	int result = 0;

	if (file_read(&file, path, QUOTE_MAX_SIZE))
		return -1;
	file_decode(&file);
	m->match_rtmr = true;
	if (!tdreport_parse(&report, file.bytes, file.size, &report_error)) {
		m->expected = report.td;
	} else if (!quote_parse(&quote, file.bytes, file.size, &quote_error)) {
		m->expected = quote.td;
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
	m->match_mrtd = true;
	m->match_rtmr = false;
	if (strlen(what) == 2 * MRTD_SIZE && hex_to(what, m->expected.mrtd, MRTD_SIZE))
		return 0;
	return expected_from_file(m, what);
}

static int bad(const char *option, const char *text, const char *expected)
{
	fprintf(stderr, "seamless measure: %s: '%s' is not %s\n", option, text, expected);
	return -1;
}

static int take_smp(struct measure *m, const char *text)
{
	uint64_t number;

	if (cli_count(text, TD_MAX_VCPUS, &number))
		return bad("--smp", text, "a number of vCPUs from 1 to 64");
	m->kernel.vcpus = (unsigned)number;
	return 0;
}

static int take_option(struct measure *m, int option)
{
	switch (option) {
	case 'j': m->json = true; return 0;
	case 'o': return take_order(m, optarg);
	case 'M': return take_match(m, optarg);
	case 'k': m->kernel.kernel = optarg; return 0;
	case 'i': m->kernel.initrd = optarg; return 0;
	case 'a': m->kernel.cmdline = optarg; return 0;
	case 's': return take_smp(m, optarg);
	case 'm':
		return cli_memory_size(optarg, &m->kernel.memory) ? bad("-m", optarg, MEMORY_SIZES)
								  : 0;
	default: return -1;
	}
}

static bool boots_linux_only(const struct measure *m)
{
	return m->kernel.initrd || m->kernel.cmdline || m->kernel.memory || m->kernel.vcpus;
}

/* -1: go on; else the exit status. */
static int check_options(const struct measure *m, int files)
{
	if (!m->kernel.kernel && boots_linux_only(m)) {
		fputs("seamless measure: --initrd, --append, --memory and --smp go with --kernel "
		      "FILE\n",
		      stderr);
		return CLI_USAGE;
	}
	if (m->kernel.kernel && m->wanted[MRTD_TWO_PASS]) {
		fputs("seamless measure: `seamless run --kernel` adds pages in the order 'single' "
		      "only\n",
		      stderr);
		return CLI_USAGE;
	}
	if (m->kernel.kernel && files) {
		fputs("seamless measure: give --kernel FILE or firmware images, not both\n",
		      stderr);
		return CLI_USAGE;
	}
	if (files > MEASURE_MAX_FILES) {
		fprintf(stderr, "seamless measure: %d files; at most %d\n", files,
			MEASURE_MAX_FILES);
		return CLI_USAGE;
	}
	if (m->kernel.kernel || files)
		return -1;
	return cli_missing("measure", "FILE... or --kernel FILE");
}

static int read_options(struct measure *m, int argc, char **argv)
{
	static const struct option options[] = {
		{ "order", required_argument, NULL, 'o' },
		{ "match", required_argument, NULL, 'M' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "memory", required_argument, NULL, 'm' },
		{ "smp", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = cli_option(argc, argv, ":m:h", options)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return CLI_DONE;
		}
		if (take_option(m, c))
			return CLI_USAGE;
	}
	return check_options(m, argc - optind);
}

static int measure_one(const struct measure *m, struct measure_subject *subject)
{
	if (mrtd_predict_orders(&subject->image, m->wanted, subject->mrtd))
		return CLI_DONE;
	fprintf(stderr, "seamless measure: %s: libcrypto failed\n", subject->name);
	return CLI_USAGE;
}

static int read_kernel(struct measure *m)
{
	m->count = 1;
	if (!m->kernel.cmdline)
		m->kernel.cmdline = KERNEL_CMDLINE;
	if (!m->kernel.memory)
		m->kernel.memory = KERNEL_MEMORY;
	if (!m->kernel.vcpus)
		m->kernel.vcpus = 1;
	return measure_subject_kernel(&m->subject[0], &m->kernel);
}

static int measure_all(struct measure *m, int files, char **paths)
{
	int status = m->kernel.kernel ? read_kernel(m)
				      : measure_subjects_read(m->subject, &m->count, files, paths);

	for (size_t i = 0; i < m->count && status == CLI_DONE; i++)
		status = measure_one(m, &m->subject[i]);
	if (status != CLI_DONE)
		return status;
	if (m->json)
		status = measure_print_json(m);
	else
		measure_print_text(m);
	return status == CLI_DONE && m->match_mrtd && !measure_matches(m) ? CLI_WRONG : status;
}

/* The VMM that boots a kernel adds pages in one order. */
static void want_orders(struct measure *m)
{
	if (m->wanted[MRTD_SINGLE] || m->wanted[MRTD_TWO_PASS])
		return;
	m->wanted[MRTD_SINGLE] = true;
	m->wanted[MRTD_TWO_PASS] = !m->kernel.kernel;
}

static int run(int argc, char **argv)
{
	struct measure *m = calloc(1, sizeof(*m));
	int status;

	if (!m)
		return cli_no_memory("measure");
	status = read_options(m, argc, argv);
	if (status < 0) {
		want_orders(m);
		status = measure_all(m, argc - optind, argv + optind);
	}
	measure_subjects_free(m->subject, m->count);
	free(m);
	return status;
}

const struct cli_verb verb_measure = {
	.name = "measure",
	.summary = "MRTD of firmware images, in both page orders in use; RTMRs of a kernel",
	.run = run,
};

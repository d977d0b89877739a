// SPDX-License-Identifier: MIT
/*
 * `seamless exec`: runs a program that contains real SEAMCALL and TDCALL instructions.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/platform_option.h"
#include "cli/record_option.h"
#include "exec/exec.h"

static void usage(FILE *out)
{
	fputs("usage: seamless exec [--platform NAME|FILE] [--record FILE] -- PROGRAM [ARGUMENTS]\n\n"
	      "Runs PROGRAM with its SEAMCALL and TDCALL instructions trapped into a software module. Each of its threads is\n"
	      "a logical processor. <seamless/exec.h> tells how it maps physical memory and plays a guest.\n\n"
	      "  --platform NAME|FILE  the machine: a built-in platform (default) or a platform file\n"
	      "  --record FILE         the calls and what the program wrote into memory, as a transcript for `seamless replay`\n\n"
	      "Exit status: that of PROGRAM; 128 + N when signal N ended it; 2 when it can't be run.\n",
	      out);
}

static struct seamless_machine *machine(const char *platform, char *err, size_t err_len)
{
	struct seamless_config config = { .name = platform, .guest = SEAMLESS_GUEST_SCRIPTED, .shareable = true };
	struct seamless_machine *m = NULL;
	struct file file = { 0 };

	config.text = cli_platform_text(platform, &config.len, &file);
	if (config.text)
		m = seamless_create(&config, err, err_len);
	file_free(&file);
	return m;
}

static int run_recorded(struct seamless_machine *m, const char *record_path, char **argv, char *err, size_t err_len)
{
	struct record_option record;
	int status;

	if (record_open(&record, record_path, m))
		return -1;
	status = exec_run(m, argv, err, err_len);
	return record_close(&record) ? -1 : status;
}

static int run(const char *platform, const char *record_path, char **argv)
{
	char err[256] = "";
	struct seamless_machine *m = machine(platform, err, sizeof(err));
	int status = -1;

	if (m)
		status = run_recorded(m, record_path, argv, err, sizeof(err));
	if (err[0])
		fprintf(stderr, "seamless exec: %s\n", err);
	seamless_destroy(m);
	return status < 0 ? CLI_USAGE : status;
}

static int exec_verb(int argc, char **argv)
{
	static const struct option options[] = { { "platform", required_argument, NULL, 'p' },
						 { "record", required_argument, NULL, 'r' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	const char *platform = "default", *record = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (c) {
		case 'p': platform = optarg; break;
		case 'r': record = optarg; break;
		case 'h': usage(stdout); return CLI_DONE;
		default: usage(stderr); return CLI_USAGE;
		}
	}
	if (optind == argc) {
		fputs("seamless exec: no program named\n", stderr);
		usage(stderr);
		return CLI_USAGE;
	}
	return run(platform, record, argv + optind);
}

const struct cli_verb verb_exec = { "exec", "run a program with real SEAMCALL and TDCALL instructions", exec_verb };

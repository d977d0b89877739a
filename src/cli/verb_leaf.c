// SPDX-License-Identifier: MIT
/*
 * `seamless leaf`: the ABI table: a list of leaves, or one in full.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/option.h"
#include "explain/explain.h"

#define PAGE_SIZE (1u << 17)

struct leaf_options {
	struct explain_filter filter;
	bool filtered, json;
};

static void usage(FILE *out)
{
	fputs("usage: seamless leaf [NAME] [OPTIONS]\n\n"
	      "Without NAME, lists the leaves of the TDX module: number, operands -> outputs. With "
	      "NAME, all that the\n"
	      "tables know of that leaf: what it does, registers, states, locks, order of checks, "
	      "statuses.\n\n"
	      "NAME is a leaf (TDH.MEM.PAGE.ADD or tdh_mem_page_add), a TDVMCALL sub-function "
	      "(MapGPA), or a number: 2\n"
	      "or 0x2 for SEAMCALL, tdg:6 for TDCALL, vmcall:0x10001 for a sub-function.\n\n"
	      "  --class CLASS      host, guest or vmcall\n"
	      "  --object WORD      a part of the name: MEM, PAGE, EXPORT\n"
	      "  --register REG     takes or returns this register\n"
	      "  --status NAME      can return this status\n"
	      "  --td-state STATE   allowed in this state of the TD: RUNNABLE\n"
	      "  --since VERSION    added by this module version: 1.5.01, 1.5.later or 2.0\n"
	      "  --json             as JSON: an object for one leaf, an array of them for a "
	      "list\n\n"
	      "Exit status: 0 done, 1 no leaf passes the filters, 2 unknown name or usage error.\n",
	      out);
}

static int no_such_leaf(const char *name)
{
	char near[160];

	if (explain_leaf_suggest(near, sizeof(near), name))
		fprintf(stderr, "seamless leaf: no leaf '%s'; did you mean %s?\n", name, near);
	else
		fprintf(stderr, "seamless leaf: no leaf '%s'; `seamless leaf` lists them\n", name);
	return CLI_USAGE;
}

static int show(const char *name, bool json, char *page)
{
	struct explain_leaf_id leaf;

	if (!explain_leaf_find(name, &leaf))
		return no_such_leaf(name);
	if (json) {
		explain_leaf_json(page, PAGE_SIZE, &leaf);
		puts(page);
	} else {
		explain_leaf_page(page, PAGE_SIZE, &leaf);
		fputs(page, stdout);
	}
	return CLI_DONE;
}

static int list(const struct leaf_options *options, char *page)
{
	struct explain_leaf_id leaf;
	size_t n = 0;

	if (options->json)
		putchar('[');
	for (; explain_leaf_nth(&options->filter, n, &leaf); n++) {
		if (options->json)
			explain_leaf_json(page, PAGE_SIZE, &leaf);
		else
			explain_leaf_line(page, PAGE_SIZE, &leaf);
		printf("%s%s", n ? options->json ? ",\n" : "\n" : "", page);
	}
	if (options->json)
		putchar(']');
	if (n || options->json)
		putchar('\n');
	if (!n)
		fputs("seamless leaf: no leaf passes the filters\n", stderr);
	return n ? CLI_DONE : CLI_WRONG;
}

/* Returns 0, or -1 after a message; *done when only help was asked for. */
static int parse(int argc, char **argv, struct leaf_options *options, bool *done)
{
	static const struct option longs[] = { { "class", required_argument, NULL, 'c' },
					       { "object", required_argument, NULL, 'o' },
					       { "register", required_argument, NULL, 'r' },
					       { "status", required_argument, NULL, 's' },
					       { "td-state", required_argument, NULL, 't' },
					       { "since", required_argument, NULL, 'v' },
					       { "json", no_argument, NULL, 'j' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	struct explain_filter *filter = &options->filter;
	int c;

	while ((c = cli_option(argc, argv, ":h", longs)) != -1) {
		if (c == '?')
			return -1;
		if (c == 'h') {
			usage(stdout);
			*done = true;
			return 0;
		}
		if (c == 'j') {
			options->json = true;
			continue;
		}
		options->filtered = true;
		*(c == 'c'   ? &filter->side
		  : c == 'o' ? &filter->object
		  : c == 'r' ? &filter->reg
		  : c == 's' ? &filter->status
		  : c == 't' ? &filter->op_state
			     : &filter->since) = optarg;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct leaf_options options = { 0 };
	bool done = false;
	char err[512];
	char *page;
	int result;

	if (parse(argc, argv, &options, &done) || done)
		return done ? CLI_DONE : CLI_USAGE;
	if (argc - optind > 1 || (argc - optind == 1 && options.filtered)) {
		fputs("seamless leaf: one NAME, or filters for a list\n", stderr);
		return CLI_USAGE;
	}
	if (!explain_filter_check(&options.filter, err, sizeof(err))) {
		fprintf(stderr, "seamless leaf: %s\n", err);
		return CLI_USAGE;
	}
	page = malloc(PAGE_SIZE);
	if (!page)
		return cli_no_memory("leaf");
	result = optind < argc ? show(argv[optind], options.json, page) : list(&options, page);
	free(page);
	return result;
}

const struct cli_verb verb_leaf = { "leaf",
				    "the ABI tables: registers, states and statuses of each leaf",
				    run };

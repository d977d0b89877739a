// SPDX-License-Identifier: MIT
/*
 * `seamless decode`: explains a status, a register or a kernel log.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/option.h"
#include "explain/explain.h"
#include "tdx/call.h"

#define LINE_SIZE 8192

struct decode {
	bool json;
	const char *as;
	bool have_leaf;
	struct explain_leaf_id leaf;
	uint64_t status;
	uint16_t given; /* registers given, bit n: register index n */
	uint64_t regs[16];
};

static void usage(FILE *out)
{
	fputs("usage: seamless decode STATUS [--leaf NAME] [REG=VALUE...]\n"
	      "       seamless decode --as TYPE VALUE\n"
	      "       seamless decode - < LOG\n\n"
	      "Explains a 64-bit completion status (a number, or a name such as OPERAND_BUSY): "
	      "name, class, what its low half\n"
	      "says and what to do next. With --leaf also what the registers hold after that "
	      "call.\n"
	      "From stdin, a kernel log: each line with a failed SEAMCALL or its registers is "
	      "followed by an explanation.\n\n"
	      "  --leaf NAME   the leaf that returned the status: TDH.MEM.PAGE.ADD, "
	      "tdh_mem_page_add, 2, tdg:6\n"
	      "  REG=VALUE     a register after the call: RCX=0x8000000000000000\n"
	      "  --as TYPE     explain VALUE as an operand of this type: exit_reason, "
	      "td_attributes, field_id, sept_info,\n"
	      "                vmcall (a TDVMCALL number); --as help lists all\n"
	      "  --json        result as JSON; of a log the explanations only, each with its "
	      "line's number\n\n"
	      "Exit status: 0 done, 1 the status or value is in no table, 2 usage or I/O error.\n",
	      out);
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end;
}

static int bad_status(const char *text)
{
	char near[160];

	if (explain_status_suggest(near, sizeof(near), text))
		fprintf(stderr,
			"seamless decode: '%s' is no number and no status; did you mean %s?\n",
			text, near);
	else
		fprintf(stderr, "seamless decode: '%s' is no 64-bit number and no status\n", text);
	return CLI_USAGE;
}

/* "RCX=0x1234". */
static bool take_register(struct decode *d, char *text)
{
	char *equals = strchr(text, '=');
	int reg;

	if (!equals)
		return false;
	*equals = 0;
	reg = explain_reg_index(text);
	if (reg < 1 || !number(equals + 1, &d->regs[reg])) {
		fprintf(stderr, "seamless decode: '%s=%s' is not REGISTER=NUMBER\n", text,
			equals + 1);
		return false;
	}
	if (d->given >> reg & 1) {
		fprintf(stderr, "seamless decode: '%s=%s': %s is given twice\n", text, equals + 1,
			explain_reg_name((unsigned)reg));
		return false;
	}
	d->given |= (uint16_t)(1u << reg);
	return true;
}

static void line(const char *label, const char *text)
{
	if (text && *text)
		printf("%-10s %s\n", label, text);
}

static const char *severity(const struct explain_status *s)
{
	if (s->fatal)
		return "fatal for the TD";
	if (s->error)
		return s->non_recoverable ? "error" : "error that may pass";
	return s->non_recoverable ? "vCPU or TD lost" : "no error";
}

/* What the register holds after the call, or what it was for before it. */
static void register_text(const struct decode *d, unsigned reg, char *buf, size_t size)
{
	if (explain_register(buf, size, &d->leaf, reg, true, d->status, d->regs[reg]))
		return;
	if (!explain_register(buf, size, &d->leaf, reg, false, d->status, d->regs[reg]))
		snprintf(buf, size, "0x%" PRIx64 "  (not an output here)", d->regs[reg]);
}

static bool is_tdvmcall_exit(const struct decode *d)
{
	return d->have_leaf && d->leaf.side == EXPLAIN_HOST && d->leaf.number == 0 &&
	       (d->status & 0xFFFF) == 77 && !TDX_STATUS_ERROR(d->status);
}

static void print_registers(const struct decode *d)
{
	char text[512];

	if (is_tdvmcall_exit(d) && d->given & TDX_VMCALL_R11) {
		explain_vmcall(text, sizeof(text), d->regs);
		line("TDVMCALL", text);
		return;
	}
	for (unsigned reg = 1; reg < 16; reg++) {
		if (!(d->given >> reg & 1))
			continue;
		register_text(d, reg, text, sizeof(text));
		line(explain_reg_name(reg), text);
	}
}

static int print_text(const struct decode *d)
{
	struct explain_status s;
	char text[256];
	int side = d->have_leaf ? (int)d->leaf.side : EXPLAIN_HOST,
	    leaf = d->have_leaf ? (int)d->leaf.number : -1;
	bool known = explain_status(d->status, &s);

	explain_status_text(text, sizeof(text), d->status, (enum explain_side)side, leaf);
	printf("0x%016" PRIx64 "  %s\n", d->status, known ? text : "not in the tables");
	if (d->have_leaf)
		line("leaf", d->leaf.name);
	line("class", s.class_name);
	explain_status_detail(text, sizeof(text), d->status, (enum explain_side)side, leaf);
	line("detail", text);
	line("meaning", s.meaning);
	line("severity", severity(&s));
	line("next", s.advice);
	line("since", s.since);
	print_registers(d);
	return known ? CLI_DONE : CLI_WRONG;
}

/* Texts of the tables have neither quotes nor control characters. */
static void member(const char *name, const char *value)
{
	if (value && *value)
		printf(",\"%s\":\"%s\"", name, value);
}

static int print_json(const struct decode *d)
{
	struct explain_status s;
	char text[512];
	int side = d->have_leaf ? (int)d->leaf.side : EXPLAIN_HOST,
	    leaf = d->have_leaf ? (int)d->leaf.number : -1;
	bool known = explain_status(d->status, &s);
	const char *comma = "";

	printf("{\"value\":\"0x%016" PRIx64 "\"", d->status);
	member("name", s.name);
	member("class", s.class_name);
	member("leaf", d->have_leaf ? d->leaf.name : NULL);
	explain_status_detail(text, sizeof(text), d->status, (enum explain_side)side, leaf);
	member("detail", text);
	member("meaning", s.meaning);
	printf(",\"error\":%s,\"non_recoverable\":%s,\"fatal\":%s,\"software\":%s",
	       s.error ? "true" : "false", s.non_recoverable ? "true" : "false",
	       s.fatal ? "true" : "false", s.software ? "true" : "false");
	member("next", s.advice);
	member("since", s.since);
	printf(",\"registers\":{");
	for (unsigned reg = 1; reg < 16; reg++) {
		if (!(d->given >> reg & 1))
			continue;
		register_text(d, reg, text, sizeof(text));
		printf("%s\"%s\":\"%s\"", comma, explain_reg_name(reg), text);
		comma = ",";
	}
	puts("}}");
	return known ? CLI_DONE : CLI_WRONG;
}

static int list_types(void)
{
	const char *name;

	puts("vmcall");
	for (size_t n = 0; (name = explain_type_nth(n)); n++)
		puts(name);
	return CLI_DONE;
}

static void print_value(const struct decode *d, uint64_t value, const char *text)
{
	if (d->json)
		printf("{\"type\":\"%s\",\"value\":\"0x%" PRIx64 "\",\"text\":\"%s\"}\n", d->as,
		       value, text);
	else
		puts(text);
}

static int decode_vmcall(const struct decode *d, uint64_t value)
{
	const char *name =
		value <= UINT32_MAX ? explain_leaf_name(EXPLAIN_VMCALL, (uint32_t)value) : NULL;

	print_value(d, value,
		    name ? name : "not in the tables; `seamless leaf --class vmcall` lists them");
	return name ? CLI_DONE : CLI_WRONG;
}

static int decode_as(const struct decode *d, int argc, char **argv)
{
	const char *text = argv[0];
	uint64_t value;
	char out[512], none[200];
	size_t n;

	if (argc != 1) {
		fprintf(stderr, "seamless decode: --as %s: %d values: give one 64-bit number\n",
			d->as, argc);
		return CLI_USAGE;
	}
	if (!number(text, &value)) {
		fprintf(stderr, "seamless decode: --as %s: '%s' is no 64-bit number\n", d->as,
			text);
		return CLI_USAGE;
	}
	if (!strcmp(d->as, "vmcall"))
		return decode_vmcall(d, value);
	n = explain_value(out, sizeof(out), d->as, value);
	if (!n) {
		fprintf(stderr,
			"seamless decode: no type '%s'; `seamless decode --as help` lists them\n",
			d->as);
		return CLI_USAGE;
	}
	if (explain_value_none(none, sizeof(none), d->as, value))
		snprintf(out + n, sizeof(out) - n, "  not in the tables: %s", none);
	print_value(d, value, out);
	return out[n] ? CLI_WRONG : CLI_DONE;
}

struct log_place {
	uint64_t line, explained;
	bool inside; /* of a line longer than LINE_SIZE */
};

/* A line, or LINE_SIZE - 1 bytes of a longer one, as it is: a crashed machine's log holds zeros. */
static size_t read_log_line(char *in)
{
	size_t len = 0;
	int c = 0;

	while (len < LINE_SIZE - 1 && c != '\n' && (c = getc_unlocked(stdin)) != EOF)
		in[len++] = (char)c;
	in[len] = 0;
	return len;
}

/* To the explanation a zero is a blank. */
static void explain_log_bytes(struct explain_log *log, char *in, size_t len, char *text,
			      size_t size)
{
	for (char *zero = in; (zero = memchr(zero, 0, len - (size_t)(zero - in)));)
		*zero = ' ';
	if (!explain_log_line(text, size, log, in))
		text[0] = 0;
}

/* With --json only the explanations, each with its line's number. */
static void print_explanation(struct log_place *place, bool ends, const char *text, bool json)
{
	place->line += !place->inside;
	place->inside = !ends;
	if (!*text)
		return;
	if (json)
		printf("%s{\"line\":%" PRIu64 ",\"explanation\":\"%s\"}",
		       place->explained++ ? ",\n " : "", place->line, text);
	else
		printf("%s    ^ %s\n", ends ? "" : "\n", text);
}

static int decode_log(bool json)
{
	struct explain_log log = { 0 };
	struct log_place place = { 0 };
	char text[1024];
	char *in = malloc(LINE_SIZE);
	size_t len;

	if (!in)
		return cli_no_memory("decode");
	fputs(json ? "[" : "", stdout);
	while ((len = read_log_line(in))) {
		if (!json)
			fwrite(in, 1, len, stdout);
		explain_log_bytes(&log, in, len, text, sizeof(text));
		print_explanation(&place, in[len - 1] == '\n', text, json);
	}
	fputs(json ? "]\n" : "", stdout);
	free(in);
	if (!ferror(stdin))
		return CLI_DONE;
	fputs("seamless decode: stdin can't be read\n", stderr);
	return CLI_USAGE;
}

static int take_leaf(struct decode *d, const char *name)
{
	char near[160];

	d->have_leaf = explain_leaf_find(name, &d->leaf);
	if (d->have_leaf)
		return 0;
	if (explain_leaf_suggest(near, sizeof(near), name))
		fprintf(stderr, "seamless decode: no leaf '%s'; did you mean %s?\n", name, near);
	else
		fprintf(stderr, "seamless decode: no leaf '%s'; `seamless leaf` lists them\n",
			name);
	return -1;
}

static int decode_status(struct decode *d, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strchr(argv[i], '='))
			fprintf(stderr, "seamless decode: '%s' is not REGISTER=NUMBER\n", argv[i]);
		if (!take_register(d, argv[i]))
			return CLI_USAGE;
	}
	if (d->given && !d->have_leaf) {
		fputs("seamless decode: registers have a meaning only with --leaf\n", stderr);
		return CLI_USAGE;
	}
	if (!number(argv[0], &d->status) && !explain_status_by_name(argv[0], &d->status))
		return bad_status(argv[0]);
	return d->json ? print_json(d) : print_text(d);
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = { { "leaf", required_argument, NULL, 'l' },
					       { "as", required_argument, NULL, 'a' },
					       { "json", no_argument, NULL, 'j' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	struct decode d = { 0 };
	int c;

	while ((c = cli_option(argc, argv, ":h", longs)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return CLI_DONE;
		}
		if (c == '?' || (c == 'l' && take_leaf(&d, optarg)))
			return CLI_USAGE;
		if (c == 'a')
			d.as = optarg;
		if (c == 'j')
			d.json = true;
	}
	argc -= optind;
	argv += optind;
	if (d.as && !strcmp(d.as, "help"))
		return list_types();
	if (d.as)
		return decode_as(&d, argc, argv);
	if (d.have_leaf && (!argc || !strcmp(argv[0], "-"))) {
		fputs("seamless decode: --leaf NAME goes with a STATUS; a log names its leaves\n",
		      stderr);
		return CLI_USAGE;
	}
	if (argc == 1 && !strcmp(argv[0], "-"))
		return decode_log(d.json);
	if (!argc) {
		if (!isatty(STDIN_FILENO))
			return decode_log(d.json);
		return cli_missing("decode", "STATUS, or a log on standard input");
	}
	return decode_status(&d, argc, argv);
}

const struct cli_verb verb_decode = { "decode",
				      "explains a status, its registers, or a kernel log on stdin",
				      run };

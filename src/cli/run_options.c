// SPDX-License-Identifier: MIT
/*
 * The options of `seamless run`.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boot_option.h"
#include "cli/option.h"
#include "cli/platform_option.h"
#include "cli/run.h"

#define GUEST_MEMORY	(64 * MIB)
#define FIRMWARE_MEMORY (256 * MIB)

void run_usage(FILE *out)
{
	fputs("usage: seamless run --kernel FILE | --firmware FILE [--kernel FILE] | --guest FILE "
	      "[OPTIONS]\n\n"
	      "Builds a trust domain, runs it and tears it down. What the guest prints goes to "
	      "standard output.\n"
	      "  --kernel FILE     a Linux kernel with TDX guest support (bzImage, vmlinux)\n"
	      "  --initrd FILE     its initial RAM disk\n"
	      "  --append TEXT     its command line; without it \"" KERNEL_CMDLINE "\"\n"
	      "  --guest FILE      a static ELF64 program, entered in 64-bit mode (see guest/)\n"
	      "  --firmware FILE   a firmware image with TDX metadata (TDVF), entered at its reset "
	      "vector; with\n"
	      "                    --kernel FILE it boots that kernel\n"
	      "  -m, --memory SIZE the guest's memory: 512M, 2G; without it 512M for a "
	      "kernel,\n"
	      "                    256M for firmware, 64M for a guest\n"
	      "  --smp N           number of vCPUs; without it 1\n"
	      "  --gpaw 48|52      the guest's physical address width; without it 48\n"
	      "  --pending-ve WHEN whether memory that the guest did not accept yet raises #VE "
	      "in it: off (as\n"
	      "                    without it), on, flexible: the guest may turn it "
	      "off\n" TRACE_OPTION_HELP
	      "  --record FILE     the calls and exits as a transcript, for `seamless replay`\n"
	      "  --strict-memory[=continue]  report what the host does wrong with a TD's pages, "
	      "with their "
	      "history, and end\n"
	      "                    at the first mistake, or go on\n" FAULT_USAGE
	      "  --quote DIR       answer GetQuote with quotes of a test hierarchy, which DIR "
	      "keeps: it is made there\n"
	      "                    on first use; DIR/root.pem is what `seamless verify --root` "
	      "takes\n"
	      "  --quote-version N version of these quotes, 4 or 5; without it 4\n"
	      "  --attest[=DIR]    give a Linux guest a nonce and check the TDREPORT, event log "
	      "and "
	      "quote that it\n"
	      "                    prints (guest/linux) against what was booted; DIR keeps them\n"
	      "  --nonce HEX       that nonce, 64 bytes; without it a random one\n"
	      "  --deterministic   vCPUs in turns on one thread, time counted in instructions: "
	      "the same run each\n"
	      "                    time; no keyboard\n"
	      "  --gdb PORT        wait for gdb on that port of this machine (0: any free one), "
	      "which may then stop\n"
	      "                    and look into the guest\n"
	      "  --timeout SECONDS end the run after that time\n"
	      "  --stop-after N    end the run, successfully, after N TDVMCALLs\n"
	      "  --platform NAME   a built-in platform (default, transcripts) or a platform "
	      "file\n\n"
	      "Exit status: 0 the guest finished (halted or powered off), 1 it failed, 2 usage or "
	      "I/O error.\n",
	      out);
}

static int bad(const char *option, const char *text, const char *expected)
{
	fprintf(stderr, "seamless run: %s: '%s' is not %s\n", option, text, expected);
	return -1;
}

static int take_memory(struct run *run, const char *text)
{
	return cli_memory_size(text, &run->memory) ? bad("-m", text, MEMORY_SIZES) : 0;
}

static int take_smp(struct run *run, const char *text)
{
	uint64_t number = 0;

	if (cli_count(text, TD_MAX_VCPUS, &number))
		return bad("--smp", text, "a number of vCPUs from 1 to 64");
	run->vcpus = (unsigned)number;
	return 0;
}

static int take_gpaw(struct run *run, const char *text)
{
	return td_option_gpaw(&run->td, text) ? bad("--gpaw", text, "48 or 52") : 0;
}

static int take_pending_ve(struct run *run, const char *text)
{
	return td_option_pending_ve(&run->td, text)
		       ? bad("--pending-ve", text, "off, on or flexible")
		       : 0;
}

static int take_strict_memory(struct run *run, const char *text)
{
	return strict_option_parse(&run->strict, "run", text);
}

static int take_trace(struct run *run, const char *text)
{
	return trace_option_add(&run->trace, "run", text);
}

static int take_stats(struct run *run, const char *text)
{
	run->trace.stats = true;
	run->trace.stats_path = text;
	return 0;
}

static int take_deterministic(struct run *run, const char *text)
{
	(void)text;
	run->deterministic = true;
	return 0;
}

/* 0 is a port, too: any free one. */
static int take_gdb(struct run *run, const char *text)
{
	uint64_t number = 0;

	if (strcmp(text, "0") && cli_count(text, UINT16_MAX, &number))
		return bad("--gdb", text, "a port from 0 to 65535");
	run->gdb.port = (uint16_t)number;
	run->gdb.wanted = true;
	return 0;
}

static int take_timeout(struct run *run, const char *text)
{
	char *end;

	run->timeout = strtod(text, &end);
	return strspn(text, "0123456789.eE") != strlen(text) || end == text || *end ||
			       !(run->timeout > 0 && run->timeout < 1e9)
		       ? bad("--timeout", text, "a number of seconds above 0 and below 1e9")
		       : 0;
}

static int take_stop_after(struct run *run, const char *text)
{
	return cli_count(text, UINT64_MAX, &run->stop_after)
		       ? bad("--stop-after", text, "a number of TDVMCALLs above 0")
		       : 0;
}

static int take_fault(struct run *run, const char *text)
{
	return fault_option_rule(&run->faults, text);
}

static int take_fault_file(struct run *run, const char *text)
{
	return fault_option_file(&run->faults, text);
}

static int take_quote_version(struct run *run, const char *text)
{
	if (strcmp(text, "4") && strcmp(text, "5"))
		return bad("--quote-version", text, "4 or 5");
	run->quote.version = (unsigned)(text[0] - '0');
	return 0;
}

static int take_attest(struct run *run, const char *text)
{
	run->attest.wanted = true;
	run->attest.folder = text;
	return 0;
}

#define TEXT(member) NULL, offsetof(struct run, member)
#define TAKE(name)   take_##name, 0

/* An option's value is kept as it is, or taken by a function. */
static const struct {
	const char *name;
	int value; /* as in struct option; with CLI_AGAIN */
	int (*take)(struct run *run, const char *text);
	size_t text;
} rows[] = {
	{ "guest", required_argument, TEXT(guest) },
	{ "firmware", required_argument, TEXT(firmware) },
	{ "kernel", required_argument, TEXT(kernel) },
	{ "initrd", required_argument, TEXT(initrd) },
	{ "append", required_argument, TEXT(append) },
	{ "smp", required_argument, TAKE(smp) },
	{ "gpaw", required_argument, TAKE(gpaw) },
	{ "pending-ve", required_argument, TAKE(pending_ve) },
	{ "record", required_argument, TEXT(record_path) },
	{ "strict-memory", optional_argument, TAKE(strict_memory) },
	{ "trace", optional_argument | CLI_AGAIN, TAKE(trace) },
	{ "stats", optional_argument, TAKE(stats) },
	{ "deterministic", no_argument, TAKE(deterministic) },
	{ "gdb", required_argument, TAKE(gdb) },
	{ "timeout", required_argument, TAKE(timeout) },
	{ "stop-after", required_argument, TAKE(stop_after) },
	{ "platform", required_argument, TEXT(platform) },
	{ "fault", required_argument | CLI_AGAIN, TAKE(fault) },
	{ "fault-file", required_argument | CLI_AGAIN, TAKE(fault_file) },
	{ "quote", required_argument, TEXT(quote.folder) },
	{ "quote-version", required_argument, TAKE(quote_version) },
	{ "attest", optional_argument, TAKE(attest) },
	{ "nonce", required_argument, TEXT(attest.nonce_hex) },
};

#define ROWS	  (sizeof(rows) / sizeof(rows[0]))
#define FIRST_ROW 256 /* beyond the letters */

static int take_row(struct run *run, size_t row, const char *text)
{
	if (rows[row].take)
		return rows[row].take(run, text);
	*(const char **)((char *)run + rows[row].text) = text;
	return 0;
}

/* 0: go on, 1: help was asked for, -1: wrong. */
static int read_options(struct run *run, int argc, char **argv)
{
	struct option options[ROWS + 3] = { { "help", no_argument, NULL, 'h' },
					    { "memory", required_argument, NULL, 'm' } };
	int option, wrong = 0;

	for (size_t i = 0; i < ROWS; i++)
		options[i + 2] =
			(struct option){ rows[i].name, rows[i].value & ~CLI_AGAIN, NULL,
					 (FIRST_ROW + (int)i) | (rows[i].value & CLI_AGAIN) };
	while (!wrong && (option = cli_option(argc, argv, ":m:h", options)) != -1) {
		if (option == 'h')
			return 1;
		if (option == 'm')
			wrong = take_memory(run, optarg);
		else
			wrong = option == '?' ? -1
					      : take_row(run, (size_t)(option - FIRST_ROW), optarg);
	}
	return wrong;
}

static int refuse(const char *why)
{
	fprintf(stderr, "seamless run: %s\n", why);
	return -1;
}

/* What goes together, and what does not. */
static int check(const struct run *run)
{
	if (run->deterministic && run->platform)
		return refuse("--deterministic brings its own platform; leave out --platform");
	if (!!run->guest + (run->firmware || run->kernel) != 1)
		return refuse("give --kernel FILE, --firmware FILE or both, or --guest FILE");
	if (!run->kernel && (run->initrd || run->append || run->attest.wanted))
		return refuse("--initrd, --append and --attest go with --kernel FILE");
	if (run->quote.version && !run->quote.folder)
		return refuse("--quote-version goes with --quote DIR");
	if (run->attest.nonce_hex && !run->attest.wanted)
		return refuse("--nonce HEX goes with --attest");
	return trace_option_beyond(&run->trace, "run", run->vcpus) ? -1 : 0;
}

static int check_files(const struct run *run)
{
	struct file_roles roles = { 0 };

	file_roles_output(&roles, "--record", run->record_path);
	trace_option_roles(&run->trace, &roles);
	run_attest_roles(&run->attest, &roles);
	run_quote_roles(&run->quote, &roles);
	file_roles_input(&roles, "--guest", run->guest);
	file_roles_input(&roles, "--firmware", run->firmware);
	file_roles_input(&roles, "--kernel", run->kernel);
	file_roles_input(&roles, "--initrd", run->initrd);
	cli_platform_role(run->platform, &roles);
	fault_option_roles(&run->faults, &roles);
	return file_roles_check(&roles, "run");
}

static uint64_t usual_memory(const struct run *run)
{
	return run->guest ? GUEST_MEMORY : run->kernel ? KERNEL_MEMORY : FIRMWARE_MEMORY;
}

int run_options(struct run *run, int argc, char **argv)
{
	int result;

	run->vcpus = 1;
	result = read_options(run, argc, argv);
	if (result)
		return result;
	if (optind < argc)
		return bad("argument", argv[optind], "an option; `seamless help run` lists them");
	if (!run->memory)
		run->memory = usual_memory(run);
	if (check(run) || check_files(run))
		return -1;
	if (!run->quote.version)
		run->quote.version = 4;
	return 0;
}

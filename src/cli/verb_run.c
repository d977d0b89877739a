// SPDX-License-Identifier: MIT
/*
 * `seamless run`: builds a TD from a guest or a firmware image, runs it, tears it down.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/boot_option.h"
#include "cli/cli.h"
#include "cli/fault_option.h"
#include "cli/file.h"
#include "cli/option.h"
#include "cli/run_attest.h"
#include "cli/run_gdb.h"
#include "cli/run_input.h"
#include "cli/run_phases.h"
#include "cli/run_platform.h"
#include "cli/run_progress.h"
#include "cli/run_quote.h"
#include "cli/run_report.h"
#include "cli/record_option.h"
#include "cli/strict_option.h"
#include "cli/td_option.h"
#include "cli/run_watch.h"
#include "cli/trace_option.h"
#include "vmm/vm.h"

#define GUEST_MEMORY	(64 * MIB)
#define FIRMWARE_MEMORY (256 * MIB)

struct run {
	const char *guest, *firmware, *kernel, *initrd, *append;
	const char *platform, *record_path;
	uint64_t memory;
	unsigned vcpus;
	struct td_option td;
	struct strict_option strict;
	uint64_t stop_after;
	double timeout;
	bool deterministic;
	struct trace_option trace;
	struct run_phases phases;
	struct fault_option faults;
	struct run_quote quote;
	struct run_attest attest;
	struct run_gdb gdb;
	struct run_progress progress;
	struct file file, initrd_file;
	struct vmm_image image;
	struct vmm_host host;
	struct vmm_vm vm;
};

static void usage(FILE *out)
{
	fputs("usage: seamless run --kernel FILE | --firmware FILE | --guest FILE [OPTIONS]\n\n"
	      "Builds a trust domain, runs it and tears it down. What the guest prints goes to "
	      "standard output.\n"
	      "  --kernel FILE     a Linux kernel with TDX guest support (bzImage, vmlinux)\n"
	      "  --initrd FILE     its initial RAM disk\n"
	      "  --append TEXT     its command line; without it \"" KERNEL_CMDLINE "\"\n"
	      "  --guest FILE      a static ELF64 program, entered in 64-bit mode (see guest/)\n"
	      "  --firmware FILE   a firmware image with TDX metadata (TDVF), entered at its reset "
	      "vector\n"
	      "  -m, --memory SIZE the guest's memory: 512M, 2G; without it 512M for a "
	      "kernel,\n"
	      "                    256M for firmware, 64M for a guest\n"
	      "  --smp N           number of vCPUs; without it 1\n"
	      "  --gpaw 48|52      the guest's physical address width; without it 48\n"
	      "  --pending-ve WHEN whether memory that the guest did not accept yet raises #VE "
	      "in it: off (as\n"
	      "                    without it), on, flexible: the guest may turn it off\n"
	      TRACE_OPTION_HELP
	      "  --record FILE     the calls and exits as a transcript, for `seamless replay`\n"
	      "  --strict-memory[=continue]  report what the host does wrong with a TD's pages, with their "
	      "history, and end\n"
	      "                    at the first mistake, or go on\n"
	      FAULT_USAGE
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

static int bad(const char *option, const char *text)
{
	fprintf(stderr,
		"seamless run: %s: '%s' makes no sense here; `seamless run --help` tells more\n",
		option, text);
	return -1;
}

static int parse_number(const char *option, const char *text, uint64_t max, uint64_t *number)
{
	return cli_count(text, max, number) ? bad(option, text) : 0;
}

/* 0 is a port, too: any free one. */
static int parse_port(const char *text, uint16_t *port)
{
	uint64_t number = 0;

	if (strcmp(text, "0") && parse_number("--gdb", text, UINT16_MAX, &number))
		return -1;
	*port = (uint16_t)number;
	return 0;
}

static int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end == text || *end || !(*seconds > 0 && *seconds < 1e9) ? bad("--timeout", text)
									: 0;
}

enum option_id {
	O_GUEST = 256,
	O_FIRMWARE,
	O_KERNEL,
	O_INITRD,
	O_APPEND,
	O_SMP,
	O_GPAW,
	O_PENDING_VE,
	O_RECORD,
	O_STRICT_MEMORY,
	O_TRACE,
	O_STATS,
	O_TIMEOUT,
	O_DETERMINISTIC,
	O_STOP_AFTER,
	O_PLATFORM,
	O_QUOTE,
	O_QUOTE_VERSION,
	O_ATTEST,
	O_NONCE,
	O_GDB,
	O_FAULT,
	O_FAULT_FILE,
	O_HELP
};

static int parse_quote_version(struct run *run, const char *text)
{
	if (strcmp(text, "4") && strcmp(text, "5"))
		return bad("--quote-version", text);
	run->quote.version = (unsigned)(text[0] - '0');
	return 0;
}

static int take_option(struct run *run, int option)
{
	uint64_t number;

	switch (option) {
	case O_GUEST: run->guest = optarg; return 0;
	case O_FIRMWARE: run->firmware = optarg; return 0;
	case O_KERNEL: run->kernel = optarg; return 0;
	case O_INITRD: run->initrd = optarg; return 0;
	case O_APPEND: run->append = optarg; return 0;
	case 'm': return cli_memory_size(optarg, &run->memory) ? bad("-m", optarg) : 0;
	case O_SMP:
		if (parse_number("--smp", optarg, TD_MAX_VCPUS, &number))
			return -1;
		run->vcpus = (unsigned)number;
		return 0;
	case O_GPAW: return td_option_gpaw(&run->td, optarg) ? bad("--gpaw", optarg) : 0;
	case O_PENDING_VE:
		return td_option_pending_ve(&run->td, optarg) ? bad("--pending-ve", optarg) : 0;
	case O_RECORD: run->record_path = optarg; return 0;
	case O_STRICT_MEMORY:
		return strict_option_parse(&run->strict, optarg) ? bad("--strict-memory", optarg)
								 : 0;
	case O_TRACE: return trace_option_add(&run->trace, "run", optarg);
	case O_STATS:
		run->trace.stats = true;
		run->trace.stats_path = optarg;
		return 0;
	case O_GDB:
		if (parse_port(optarg, &run->gdb.port))
			return -1;
		run->gdb.wanted = true;
		return 0;
	case O_DETERMINISTIC: run->deterministic = true; return 0;
	case O_TIMEOUT: return parse_seconds(optarg, &run->timeout);
	case O_STOP_AFTER:
		return parse_number("--stop-after", optarg, UINT64_MAX, &run->stop_after);
	case O_PLATFORM: run->platform = optarg; return 0;
	case O_FAULT: return fault_option_rule(&run->faults, optarg);
	case O_FAULT_FILE: return fault_option_file(&run->faults, optarg);
	case O_QUOTE: run->quote.folder = optarg; return 0;
	case O_QUOTE_VERSION: return parse_quote_version(run, optarg);
	case O_ATTEST:
		run->attest.wanted = true;
		run->attest.folder = optarg;
		return 0;
	case O_NONCE: run->attest.nonce_hex = optarg; return 0;
	default: return -1;
	}
}

/* 0: go on, 1: help was asked for, -1: wrong. */
static int parse(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{ "guest", required_argument, NULL, O_GUEST },
		{ "firmware", required_argument, NULL, O_FIRMWARE },
		{ "kernel", required_argument, NULL, O_KERNEL },
		{ "initrd", required_argument, NULL, O_INITRD },
		{ "append", required_argument, NULL, O_APPEND },
		{ "memory", required_argument, NULL, 'm' },
		{ "smp", required_argument, NULL, O_SMP },
		{ "gpaw", required_argument, NULL, O_GPAW },
		{ "pending-ve", required_argument, NULL, O_PENDING_VE },
		{ "record", required_argument, NULL, O_RECORD },
		{ "strict-memory", optional_argument, NULL, O_STRICT_MEMORY },
		{ "trace", optional_argument, NULL, O_TRACE },
		{ "stats", optional_argument, NULL, O_STATS },
		{ "deterministic", no_argument, NULL, O_DETERMINISTIC },
		{ "gdb", required_argument, NULL, O_GDB },
		{ "timeout", required_argument, NULL, O_TIMEOUT },
		{ "stop-after", required_argument, NULL, O_STOP_AFTER },
		{ "platform", required_argument, NULL, O_PLATFORM },
		{ "fault", required_argument, NULL, O_FAULT },
		{ "fault-file", required_argument, NULL, O_FAULT_FILE },
		{ "quote", required_argument, NULL, O_QUOTE },
		{ "quote-version", required_argument, NULL, O_QUOTE_VERSION },
		{ "attest", optional_argument, NULL, O_ATTEST },
		{ "nonce", required_argument, NULL, O_NONCE },
		{ "help", no_argument, NULL, O_HELP },
		{ 0 },
	};
	int option;

	while ((option = cli_option(argc, argv, ":m:h", options)) != -1) {
		if (option == O_HELP || option == 'h')
			return 1;
		if (take_option(run, option))
			return -1;
	}
	if (run->deterministic && run->platform) {
		fprintf(stderr, "seamless run: --deterministic brings its own platform; leave out "
				"--platform\n");
		return -1;
	}
	if (optind < argc)
		return bad("argument", argv[optind]);
	if (!!run->guest + !!run->firmware + !!run->kernel != 1) {
		fprintf(stderr, "seamless run: give one of --kernel FILE, --firmware FILE and "
				"--guest FILE\n");
		return -1;
	}
	if (!run->kernel && (run->initrd || run->append || run->attest.wanted)) {
		fprintf(stderr,
			"seamless run: --initrd, --append and --attest go with --kernel FILE\n");
		return -1;
	}
	if (run->attest.nonce_hex && !run->attest.wanted) {
		fprintf(stderr, "seamless run: --nonce HEX goes with --attest\n");
		return -1;
	}
	if (trace_option_beyond(&run->trace, "run", run->vcpus))
		return -1;
	if (!run->memory)
		run->memory = run->guest      ? GUEST_MEMORY
			      : run->firmware ? FIRMWARE_MEMORY
					      : KERNEL_MEMORY;
	return 0;
}

static void console(void *opaque, uint8_t byte)
{
	struct run *run = opaque;

	run_progress_quiet(&run->progress);
	run_attest_take(&run->attest, byte);
	run_phases_take(&run->phases, byte);
	putchar(byte);
}

/* Who watches or answers must see a prompt, which has no newline; a file can wait. */
static void show_at_once(void)
{
	struct stat info;

	if (fstat(STDOUT_FILENO, &info) || !S_ISREG(info.st_mode))
		setvbuf(stdout, NULL, _IONBF, 0);
}

static const char *cmdline(const struct run *run)
{
	return run->append ? run->append : KERNEL_CMDLINE;
}

static int open_attest(struct run *run)
{
	run->attest.quote_folder = run->quote.folder;
	return run_attest_open(&run->attest, cmdline(run));
}

static int load_linux(struct run *run, struct vmm_error *err)
{
	const struct linux_files files = {
		.kernel = run->file.bytes,
		.kernel_size = run->file.size,
		.initrd = run->initrd_file.bytes,
		.initrd_size = run->initrd_file.size,
		.cmdline = run->attest.cmdline ? run->attest.cmdline : cmdline(run),
		.vcpus = run->vcpus,
	};

	return image_from_linux(&run->image, &files, run->memory, err);
}

static int load(struct run *run)
{
	const char *path = run->guest ? run->guest : run->firmware ? run->firmware : run->kernel;
	struct vmm_error err;
	int result;

	if (file_read(&run->file, path, MAX_IMAGE) ||
	    (run->initrd && file_read(&run->initrd_file, run->initrd, MAX_IMAGE)))
		return -1;
	if (run->kernel)
		result = load_linux(run, &err);
	else
		result = (run->guest ? image_from_elf : image_from_tdvf)(
			&run->image, run->file.bytes, run->file.size, run->memory, &err);
	if (result)
		fprintf(stderr, "seamless: %s: %s\n", path, err.text);
	return result;
}

static int destroy(struct run *run)
{
	struct vmm_error err;
	uint64_t freed;
	char line[80];

	trace_option_phase(&run->trace, "teardown");
	if (vm_destroy(&run->vm, &freed, &err)) {
		run_say("the TD could not be torn down: ", err.text);
		return -1;
	}
	snprintf(line, sizeof(line), "%" PRIu64 " pages proved free", freed);
	run_say("TD torn down: ", line);
	return 0;
}

static bool finished_well(enum vm_end end)
{
	return end == VM_HALTED || end == VM_POWERED_OFF || end == VM_ENOUGH;
}

static int build(struct run *run, struct vmm_error *err)
{
	int result;

	trace_option_phase(&run->trace, "TD build");
	if (host_enter_lp(&run->host, 0, err))
		return -1;
	result = vm_build(&run->vm, err);
	host_leave_lp(&run->host);
	return result;
}

/* Runs the TD that was built, with standard input as its keyboard. */
static int run_built(struct run *run)
{
	struct run_input input;
	int result;

	run_report_built(&run->vm);
	if (run_gdb_start(&run->gdb, &run->vm))
		return CLI_USAGE;
	run_progress_start(&run->progress, &run->vm);
	show_at_once();
	if (!run->deterministic && run_input_start(&input, &run->vm)) {
		run_gdb_stop(&run->gdb, CLI_USAGE);
		return CLI_USAGE;
	}
	run_phases_guest(&run->phases, run->firmware ? "firmware" : "guest");
	result = finished_well(vm_run(&run->vm)) ? CLI_DONE : CLI_WRONG;
	run_phases_guest_ended(&run->phases);
	run_gdb_stop(&run->gdb, (unsigned)result);
	if (!run->deterministic)
		run_input_stop(&input);
	run_progress_stop(&run->progress);
	run_report_end(&run->vm, run->host.machine, &run->file, run->kernel != NULL);
	return result;
}

static int run_vm(struct run *run)
{
	const struct vm_config config = {
		.vcpus = run->vcpus,
		.gpaw = run->td.gpaw,
		.pending_ve = run->td.pending_ve,
		.stop_after = run->stop_after,
		.deterministic = run->deterministic,
		.console = console,
		.console_opaque = run,
		.quote = run->quote.folder ? run_quote_answer : NULL,
		.quote_opaque = &run->quote,
		.tell = trace_option_timed(&run->trace) ? run_phases_tell : NULL,
		.tell_opaque = &run->trace,
	};
	struct run_watch watch;
	struct vmm_error err;
	int result = CLI_WRONG;

	vm_init(&run->vm, &run->host, &run->image, &config);
	if (run_watch_start(&watch, &run->vm, run->timeout))
		return CLI_USAGE;
	if (build(run, &err))
		run_say("the TD could not be built: ", err.text);
	else
		result = run_built(run);
	run_progress_stop(&run->progress);
	run_watch_stop(&watch);
	return destroy(run) ? CLI_WRONG : result;
}

static int run_on(struct run *run, struct seamless_machine *machine)
{
	struct vmm_error err;
	int result;

	if (run_quote_open(&run->quote, machine))
		return CLI_USAGE;
	trace_option_phase(&run->trace, "module start");
	if (host_open(&run->host, machine, &err)) {
		run_say("the TDX module could not be brought up: ", err.text);
		result = CLI_WRONG;
	} else {
		result = run_vm(run);
		host_close(&run->host);
	}
	if (result == CLI_DONE && run->attest.wanted)
		result = run_attest_judge(&run->attest, machine, &run->image);
	run_quote_close(&run->quote);
	return result;
}

static int run_recorded(struct run *run, struct seamless_machine *machine)
{
	struct record_option record;
	int result;

	if (record_open(&record, run->record_path, machine))
		return CLI_USAGE;
	result = run_on(run, machine);
	return record_close(&record) ? CLI_USAGE : result;
}

static int run_strictly(struct run *run, struct seamless_machine *machine)
{
	int result;

	if (strict_option_start(&run->strict, machine))
		return CLI_USAGE;
	result = run_recorded(run, machine);
	return strict_option_stop(&run->strict, machine) && result == CLI_DONE ? CLI_WRONG : result;
}

static int run_machine(struct run *run)
{
	const struct run_platform_want want = { run->platform, run->memory, run->vcpus,
						run->deterministic };
	struct seamless_machine *machine = run_platform_create(&want);
	int result = CLI_USAGE;

	if (!machine)
		return CLI_USAGE;
	if (fault_option_apply(&run->faults, machine)) {
		seamless_destroy(machine);
		return CLI_USAGE;
	}
	run->phases = (struct run_phases){ .option = &run->trace, .linux_kernel = run->kernel };
	if (!trace_option_open(&run->trace, machine, run->vcpus)) {
		result = run_strictly(run, machine);
		if (trace_option_close(&run->trace))
			result = CLI_USAGE;
	}
	fault_option_report(machine);
	seamless_destroy(machine);
	return result;
}

static int run_verb(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int result = CLI_USAGE, parsed;

	if (!run)
		return cli_no_memory("run");
	run->vcpus = 1;
	run->quote.version = 4;
	parsed = parse(run, argc, argv);
	if (parsed > 0) {
		usage(stdout);
		result = CLI_DONE;
	} else if (!parsed && !open_attest(run) && !load(run) && !run_gdb_open(&run->gdb)) {
		result = run_machine(run);
	}
	run_gdb_close(&run->gdb);
	run_attest_close(&run->attest);
	trace_option_free(&run->trace);
	image_free(&run->image);
	file_free(&run->file);
	file_free(&run->initrd_file);
	free(run);
	fflush(stdout);
	return result;
}

const struct cli_verb verb_run = { "run", "build, run and tear down a trust domain", run_verb };

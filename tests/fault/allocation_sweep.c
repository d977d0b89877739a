// SPDX-License-Identifier: MIT
/*
 * Lives in which allocations fail. Each is lived once as it is, then once for each allocation that
 * it makes, with that one failing, and again with it and all later ones: the life must go well or
 * end with an error that says that there was no memory; what it allocated must be given back, files
 * be closed, and the module's state be right, as long as there is one. A machine that is left must
 * be good for a whole life after the module is loaded anew.
 *
 * Usage: allocation_sweep GUEST quick|all [LIFE]. quick: of a life that makes more than 40 of them,
 * some 40.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocations.h"
#include "life.h"
#include "replay/replay.h"

#define HANG_SECONDS 60
#define QUICK_TRIES  40u

enum went { WELL, FAILED };

struct sweep {
	struct life *life;
	struct seamless_machine *machine; /* that the life left, or NULL */
	char error[500];
	unsigned lives, failures, reloads;
};

/* What is being tried, for whatever ends the program. */
static char trying[160];

static void dies(int number)
{
	static const char hangs[] = ": hangs\n", crashes[] = ": crashes\n";
	const char *what = number == SIGALRM ? hangs : crashes;

	if (write(STDOUT_FILENO, trying, strlen(trying)) < 0 ||
	    write(STDOUT_FILENO, what, strlen(what)) < 0)
		_exit(3);
	_exit(1);
}

static enum went failed(struct sweep *s, const char *why)
{
	snprintf(s->error, sizeof(s->error), "%s", why);
	return FAILED;
}

/* ---- lives ---- */

static bool new_machine(struct sweep *s)
{
	s->machine = life_machine(s->error, sizeof(s->error));
	return s->machine;
}

static enum went live_by_vmm(struct sweep *s)
{
	struct life *life = s->life;

	if (!new_machine(s))
		return FAILED;
	life->machine = s->machine;
	life_live(life);
	return life_went_well(life) ? WELL : failed(s, life->error);
}

/* Something for a life to look at: a TD, built. */
static enum went with_td(struct sweep *s, enum went (*then)(struct sweep *s))
{
	const struct vm_config config = { .vcpus = 1, .deterministic = true };
	struct life *life = s->life;
	struct vmm_error err;
	enum went went;
	uint64_t freed;

	if (host_open(&life->host, s->machine, &err))
		return failed(s, err.text);
	vm_init(&life->vm, &life->host, &life->image, &config);
	if (host_enter_lp(&life->host, 0, &err))
		return failed(s, err.text);
	went = vm_build(&life->vm, &err) ? failed(s, err.text) : WELL;
	host_leave_lp(&life->host);
	went = went == WELL ? then(s) : went;
	if (vm_destroy(&life->vm, &freed, &err))
		went = failed(s, err.text);
	host_close(&life->host);
	return went;
}

static enum went open_copy(struct sweep *s, const struct seamless_snapshot *snapshot)
{
	struct seamless_machine *copy = seamless_snapshot_open(snapshot, SEAMLESS_GUEST_INTERPRETED,
							       false, s->error, sizeof(s->error));

	seamless_destroy(copy);
	return copy ? WELL : FAILED;
}

static enum went through_file(struct sweep *s, struct seamless_snapshot *snapshot)
{
	char path[64];
	struct seamless_snapshot *loaded;
	enum went went;

	snprintf(path, sizeof(path), "/tmp/seamless-allocations.%d", (int)getpid());
	if (!seamless_snapshot_save(snapshot, path, s->error, sizeof(s->error)))
		return FAILED;
	loaded = seamless_snapshot_load(path, s->error, sizeof(s->error));
	unlink(path);
	went = loaded ? open_copy(s, loaded) : FAILED;
	seamless_snapshot_free(loaded);
	return went;
}

static enum went snapshot_of_td(struct sweep *s)
{
	struct seamless_snapshot *snapshot =
		seamless_snapshot_take(s->machine, s->error, sizeof(s->error));
	enum went went = snapshot ? through_file(s, snapshot) : FAILED;

	if (snapshot &&
	    !seamless_snapshot_restore(snapshot, s->machine, s->error, sizeof(s->error)))
		went = FAILED;
	seamless_snapshot_free(snapshot);
	return went;
}

static enum went live_with_snapshots(struct sweep *s)
{
	return new_machine(s) ? with_td(s, snapshot_of_td) : FAILED;
}

static enum went live_with_rules(struct sweep *s)
{
	static const char rules[] = "# rules\nTDH.MNG.CREATE OPERAND_BUSY(KOT) nth=1\n"
				    "TDH.MEM.SEPT.ADD OPERAND_BUSY(SEPT_TREE) nth=1\n";
	struct life *life = s->life;

	if (!new_machine(s) || !seamless_fault_load(s->machine, "rules", rules, strlen(rules),
						    s->error, sizeof(s->error)))
		return FAILED;
	life->machine = s->machine;
	life_live(life);
	seamless_fault_clear(s->machine);
	return life_went_well(life) ? WELL : failed(s, life->error);
}

static void ignore_report(void *opaque, const struct seamless_strict_report *report)
{
	struct sweep *s = opaque;

	failed(s, report->text);
}

static enum went live_strictly(struct sweep *s)
{
	struct life *life = s->life;
	char mistake = 0;
	bool reported;

	if (!new_machine(s))
		return FAILED;
	if (!seamless_strict_start(s->machine, ignore_report, s))
		return failed(s, "out of memory");
	life->machine = s->machine;
	life_live(life);
	if (life->opened)
		seamless_read(s->machine, life->host.plan.tdmr[0].pamt_4k_base, &mistake, 1);
	reported = seamless_strict_stop(s->machine);
	if (life_went_well(life) && !reported)
		return failed(s, "the mistake was not reported");
	return life_went_well(life) ? WELL : failed(s, life->error);
}

/* Recorded into memory that is not allocated, and replayed from there. */
static char transcript[16 << 20];

static void tell_difference(void *opaque, const struct replay_difference *d)
{
	struct sweep *s = opaque;

	snprintf(s->error, sizeof(s->error), "line %u, %s, %s: %s instead of %s", d->line, d->label,
		 d->what, d->got, d->expected);
}

static enum went replay_recorded(struct sweep *s, size_t len)
{
	const struct replay_options options = { .stop_at_first = true,
						.difference = tell_difference,
						.opaque = s };
	struct replay_counts counts = { 0 };

	if (!replay_text("recorded", transcript, len, &options, &counts, s->error,
			 sizeof(s->error)))
		return FAILED;
	return counts.mismatches ? FAILED : WELL;
}

static enum went record(struct sweep *s, FILE *out)
{
	struct seamless_recording *recording = seamless_record_start(s->machine, out);
	struct life *life = s->life;
	bool whole;

	if (!recording)
		return failed(s, "out of memory");
	life->machine = s->machine;
	life_live(life);
	whole = seamless_record_end(recording);
	if (!life_went_well(life))
		return failed(s, life->error);
	return whole ? replay_recorded(s, (size_t)ftell(out)) : failed(s, "out of memory");
}

static enum went live_recorded(struct sweep *s)
{
	FILE *out = fmemopen(transcript, sizeof(transcript), "w");
	enum went went;

	if (!out)
		abort();
	went = new_machine(s) ? record(s, out) : FAILED;
	fclose(out);
	return went;
}

static void nothing(void *opaque)
{
	(void)opaque;
}

static enum went live_debugged(struct sweep *s)
{
	const struct seamless_debug_config config = { .lps = 1,
						      .one_thread = true,
						      .stopped = nothing };
	struct life *life = s->life;

	if (!new_machine(s))
		return FAILED;
	if (!seamless_debug_start(s->machine, &config))
		return failed(s, "out of memory");
	seamless_debug_end(s->machine);
	life->machine = s->machine;
	life_live(life);
	return life_went_well(life) ? WELL : failed(s, life->error);
}

static const struct {
	const char *name;
	enum went (*live)(struct sweep *s);
} lives[] = {
	{ "by the VMM", live_by_vmm },	   { "with snapshots", live_with_snapshots },
	{ "with rules", live_with_rules }, { "with strict memory", live_strictly },
	{ "recorded", live_recorded },	   { "debugged", live_debugged },
};

/* ---- what must hold after one ---- */

static void complain(struct sweep *s, const char *what)
{
	s->failures++;
	printf("%s: %s%s%s\n", trying, what, s->error[0] ? ": " : "", s->error);
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void tell_finding(void *opaque, const struct seamless_finding *finding)
{
	failed(opaque, finding->text);
}

/* The module as the life left it, and after it is loaded anew. */
static void look_at_machine(struct sweep *s)
{
	struct life *life = s->life;

	if (seamless_check(s->machine, tell_finding, s))
		complain(s, "the module's state is wrong");
	seamless_reload_module(s->machine);
	s->reloads++;
	life->machine = s->machine;
	life_live(life);
	if (!life_went_well(life)) {
		failed(s, life->error);
		complain(s, "the life after the next load of the module");
	}
}

static bool tells_of_memory(const char *error)
{
	return strstr(error, "out of memory") || strstr(error, "Cannot allocate memory");
}

/* Returns how many allocations it made. */
static unsigned long live(struct sweep *s, unsigned which, unsigned long nth, bool later_too)
{
	size_t before = allocations_live();
	unsigned files = open_files();
	unsigned long made;
	enum went went;

	snprintf(trying, sizeof(trying), "FAILED life %s, allocation %lu%s", lives[which].name, nth,
		 later_too ? " and later ones" : "");
	s->lives++;
	s->error[0] = 0;
	s->machine = NULL;
	alarm(HANG_SECONDS);
	allocations_fail(nth, later_too);
	went = lives[which].live(s);
	made = allocations_made();
	allocations_fail(0, false);
	if (went == FAILED && (!nth || !tells_of_memory(s->error)))
		complain(s, "no proper error");
	if (s->machine)
		look_at_machine(s);
	seamless_destroy(s->machine);
	alarm(0);
	if (allocations_live() != before || open_files() != files)
		complain(s, "something is left");
	return made;
}

static void try_all(struct sweep *s, unsigned which, bool quick)
{
	unsigned long made = live(s, which, 0, false);
	unsigned long step = quick ? (made + QUICK_TRIES - 1) / QUICK_TRIES : 1;

	if (!made)
		complain(s, "no allocation is counted");
	for (unsigned long n = 1; n <= made; n += step) {
		live(s, which, n, false);
		live(s, which, n, true);
	}
	printf("a life %s makes %lu allocations\n", lives[which].name, made);
}

int main(int argc, char **argv)
{
	struct life *life = calloc(1, sizeof(*life));
	struct sweep s = { .life = life };
	bool quick = argc >= 3 && !strcmp(argv[2], "quick");

	if (!life || argc < 3 || !life_load(life, argv[1]))
		return 2;
	signal(SIGALRM, dies);
	signal(SIGSEGV, dies);
	signal(SIGABRT, dies);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
		if (argc < 4 || !strcmp(argv[3], lives[i].name))
			try_all(&s, i, quick);
	printf("%u lives, %u machines left and used again, %u went wrong\n", s.lives, s.reloads,
	       s.failures);
	life_free(life);
	free(life);
	return s.failures || !s.reloads;
}

// SPDX-License-Identifier: MIT
/*
 * The VMM's TD life under faults. First a life without any; then, for each call of it and each
 * status that the call's leaf gets by chance, a life in which that call meets that fault: it must
 * go as the first did. Then each fault for good: the life must end, with an error that names it,
 * and nothing may stay behind but what the leaf itself was to take away.
 *
 * Usage: sweep GUEST quick|STEP|all. STEP: of the calls to one leaf, the first and last two and
 * each STEP-th are tried. quick: the first call of each leaf, with its first status.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain/explain.h"
#include "life.h"

#define HANG_SECONDS 60

/* The rule that is being tried, for the message about a hang. */
static char trying[160];

static void hangs(int signal_number)
{
	static const char what[] = " hangs\n";

	(void)signal_number;
	if (write(STDOUT_FILENO, trying, strlen(trying)) < 0 ||
	    write(STDOUT_FILENO, what, sizeof(what) - 1) < 0)
		_exit(3);
	_exit(1);
}

struct sweep {
	struct life *life;
	uint8_t mrtd[TD_MRTD_SIZE]; /* of the life without faults */
	struct life_call *call;	    /* of the same */
	size_t calls;
	size_t step;
	bool quick;
	unsigned lives, happened, failures;
};

static void keep_call(void *opaque, const struct seamless_event *event)
{
	struct life *life = opaque;
	bool guest = event->kind == SEAMLESS_EVENT_VM_EXIT;

	if ((event->kind != SEAMLESS_EVENT_SEAMCALL && !guest) ||
	    (guest && event->exit->reason != SEAMLESS_EXIT_TDCALL))
		return;
	if (event->after) {
		life->call[life->calls - 1].done =
			event->where == SEAMLESS_TO_GUEST || !event->out->gpr[0];
		return;
	}
	if (life->calls == life->room) {
		life->room = life->room ? 2 * life->room : 1024;
		life->call = realloc(life->call, life->room * sizeof(*life->call));
		if (!life->call)
			abort();
	}
	life->call[life->calls++] =
		(struct life_call){ .guest = guest, .leaf = (uint16_t)event->in->gpr[0] };
}

static const char *name_of(const struct life_call *call)
{
	return explain_leaf_name(call->guest ? EXPLAIN_GUEST : EXPLAIN_HOST, call->leaf);
}

static bool same(const struct life_call *a, const struct life_call *b)
{
	return a->guest == b->guest && a->leaf == b->leaf;
}

/* The n-th call is the number[0]-th of number[1] to its leaf. */
static void count_leaf(const struct sweep *s, size_t n, size_t number[2])
{
	number[0] = number[1] = 0;
	for (size_t i = 0; i < s->calls; i++) {
		if (!same(&s->call[i], &s->call[n]))
			continue;
		number[0] += i <= n;
		number[1]++;
	}
}

static bool first_life(struct sweep *s)
{
	struct life *life = s->life;

	life->machine = life_machine(life->error, sizeof(life->error));
	if (!life->machine || !seamless_trace_add(life->machine, keep_call, life))
		return false;
	life_live(life);
	seamless_destroy(life->machine);
	memcpy(s->mrtd, life->mrtd, sizeof(s->mrtd));
	s->call = life->call;
	s->calls = life->calls;
	if (!life_went_well(life))
		printf("the life without faults: %s\n%s", life->error, life->console);
	return life_went_well(life);
}

/* One life with one rule; how often the fault happened. */
static uint64_t live_with(struct sweep *s, const char *rule)
{
	struct life *life = s->life;
	struct seamless_fault *fault;
	uint64_t happened;
	char err[400];

	life->machine = life_machine(err, sizeof(err));
	if (!life->machine)
		abort();
	fault = seamless_fault_add(life->machine, rule, err, sizeof(err));
	if (!fault) {
		printf("FAILED %s: %s\n", rule, err);
		abort();
	}
	snprintf(trying, sizeof(trying), "FAILED %s:", rule);
	alarm(HANG_SECONDS);
	life_live(life);
	alarm(0);
	happened = seamless_fault_happened(life->machine, fault);
	seamless_destroy(life->machine);
	s->lives++;
	s->happened += happened != 0;
	return happened;
}

static void complain(struct sweep *s, const char *rule, const char *what)
{
	const struct life *life = s->life;

	s->failures++;
	printf("FAILED %s: %s (opened %d, built %d, end %d, destroyed %d, all back %d): %s\n", rule,
	       what, life->opened, life->built, (int)life->end, life->destroyed, life->all_back,
	       life->error);
}

static bool is_interrupt(const char *status)
{
	return !strncmp(status, "INTERRUPTED", strlen("INTERRUPTED"));
}

/* What the leaf's own checks refuse does not meet the fault, and one with little to do looks for no
 * interrupts. */
static void once(struct sweep *s, const struct life_call *call, const char *status, size_t nth)
{
	char rule[160];
	uint64_t happened;

	snprintf(rule, sizeof(rule), "%s %s nth=%zu", name_of(call), status, nth);
	happened = live_with(s, rule);
	if (happened != 1 && call->done && !is_interrupt(status))
		complain(s, rule, "it did not happen once");
	else if (!life_went_well(s->life))
		complain(s, rule, "the VMM did not get over it");
	else if (memcmp(s->life->mrtd, s->mrtd, sizeof(s->mrtd)) != 0)
		complain(s, rule, "the TD measures otherwise");
}

/* A guest's leaf that is always interrupted never ends, on hardware neither: often will do. */
static void often(struct sweep *s, const struct life_call *call, const char *status)
{
	char rule[160];

	snprintf(rule, sizeof(rule), "%s %s times=50", name_of(call), status);
	live_with(s, rule);
	if (!life_went_well(s->life))
		complain(s, rule, "the VMM did not get over it");
}

/*
 * The error may be of the guest, when it was a TDCALL. What can't be ended keeps its pages: else
 * all are back.
 */
static void for_good(struct sweep *s, const struct life_call *call, const char *status, size_t from)
{
	const struct life *life = s->life;
	char rule[160];

	snprintf(rule, sizeof(rule), "%s %s from=%zu", name_of(call), status, from);
	if (!live_with(s, rule) || life_went_well(life))
		return;
	if (life->opened && life->destroyed && !life->all_back)
		complain(s, rule, "not all memory is back");
	else if (!call->guest && !strstr(life->error, "injected by"))
		complain(s, rule, "the error does not tell of it");
	else if (!life->error[0])
		complain(s, rule, "there is no error");
}

static bool is_tried(const struct sweep *s, const size_t number[2])
{
	if (s->quick)
		return number[0] == 1;
	return number[0] <= 2 || number[0] + 2 > number[1] || number[0] % s->step == 0;
}

static void try_call(struct sweep *s, size_t n)
{
	const struct life_call *call = &s->call[n];
	size_t number[2];
	char status[100];

	count_leaf(s, n, number);
	if (!name_of(call) || !is_tried(s, number))
		return;
	for (unsigned i = 0;
	     seamless_fault_chance(call->guest, call->leaf, i, status, sizeof(status)); i++) {
		once(s, call, status, number[0]);
		if (s->quick)
			break;
		if (call->guest && is_interrupt(status))
			often(s, call, status);
		else if (number[0] == 1 && (s->step == 1 || !i)) /* the VMM tries for seconds */
			for_good(s, call, status, number[0]);
	}
}

int main(int argc, char **argv)
{
	struct life *life = calloc(1, sizeof(*life));
	struct sweep s = { .life = life };

	if (argc != 3 || !life || !life_load(life, argv[1]))
		return 2;
	signal(SIGALRM, hangs);
	setvbuf(stdout, NULL, _IOLBF, 0);
	s.quick = !strcmp(argv[2], "quick");
	s.step = s.quick || !strcmp(argv[2], "all") ? 1 : strtoul(argv[2], NULL, 0);
	if (!s.step || !first_life(&s))
		return 1;
	for (size_t n = 0; n < s.calls; n++)
		try_call(&s, n);
	printf("%zu calls in a life; %u lives with a fault, which happened in %u; %u went wrong\n",
	       s.calls, s.lives, s.happened, s.failures);
	life_free(life);
	free(life);
	return s.failures || !s.happened;
}

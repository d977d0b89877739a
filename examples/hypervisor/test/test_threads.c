// SPDX-License-Identifier: MIT
/*
 * MapGPA with several processors: another vCPU in the guest; another machine in the process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <semaphore.h>
#include <cmocka.h>

#include "life.h"
#include "sharing.h"

/* A second vCPU, in the guest all the time unless it is kicked. */
struct bystander {
	struct world *world;
	sem_t runs;
	atomic_bool stop;
	enum hv_end end;
};

static void stand_by(void *opaque)
{
	struct bystander *b = opaque;

	sem_post(&b->runs);
	while (!atomic_load(&b->stop))
		seamless_play_wait();
}

static void *run_bystander(void *opaque)
{
	struct bystander *b = opaque;

	b->end = HV_FAILED;
	if (seamless_lp_enter(b->world->machine, 1)) {
		b->end = hv_run(&b->world->hv, 1);
		seamless_lp_leave();
	}
	sem_post(&b->runs); /* nobody waits for one that could not run */
	return NULL;
}

static void a_running_vcpu_is_kicked(void **state)
{
	struct world *world = world_open(NULL);
	struct bystander b = { .world = world };
	struct sharing s;
	enum hv_end end;
	pthread_t thread;

	(void)state;
	assert_non_null(world);
	s = part_of_large(world);
	assert_int_equal(sem_init(&b.runs, 0, 0), 0);
	assert_true(seamless_play(world->machine, 1, stand_by, &b));
	assert_int_equal(pthread_create(&thread, NULL, run_bystander, &b), 0);
	sem_wait(&b.runs);
	end = world_run(world, share_and_take_back, &s);
	atomic_store(&b.stop, true);
	pthread_join(thread, NULL);
	sem_destroy(&b.runs);
	assert_int_equal(end, HV_HALTED);
	assert_int_equal(b.end, HV_HALTED);
	assert_null(sharing_wrong(&s));
	assert_null(world_end(world));
	world_close(world);
}

#define OTHER_PLATFORM                                                                             \
	"lps 8\npackages 2\nkeyids mktme 15 tdx 16\nseed 7\n"                                      \
	"memory 2G\ncmr 0x40000000 0x40000000\n"

/* Machines of two kinds, each with a fault of its own, in one process at the same time. */
static void several_platforms(void **state)
{
	struct life lives[] = {
		{ .rule = "TDH.MEM.PAGE.REMOVE OPERAND_BUSY every=2" },
		{ .rule = "TDH.MEM.PAGE.DEMOTE INTERRUPTED_RESTARTABLE times=3",
		  .platform = OTHER_PLATFORM },
		{ .rule = "TDH.MEM.PAGE.AUG OPERAND_BUSY", .for_good = true },
		{ .rule = "TDH.PHYMEM.PAGE.WBINVD OPERAND_BUSY times=9",
		  .platform = OTHER_PLATFORM },
	};
	const unsigned count = sizeof(lives) / sizeof(lives[0]);
	pthread_t thread[sizeof(lives) / sizeof(lives[0])];

	(void)state;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, live, &lives[i]), 0);
	for (unsigned i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < count; i++) {
		assert_string_equal(lives[i].problem, "");
		assert_int_not_equal(lives[i].happened, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_running_vcpu_is_kicked),
		cmocka_unit_test(several_platforms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

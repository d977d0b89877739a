/* SPDX-License-Identifier: MIT */
/* What the snapshot tests share: a machine with a TD on it, and snapshots that must succeed. */
#ifndef TESTS_SNAPSHOT_SUPPORT_H
#define TESTS_SNAPSHOT_SUPPORT_H

#include "lib/machine_impl.h"
#include "module/state.h"
#include "seamless/snapshot.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

extern char err[500];

/* The default platform. */
struct seamless_machine *machine(enum seamless_guest guest);

/* A TD being built: TDH.MEM.PAGE.ADD was the last call. The thread is logical processor 0. */
int setup(void **state);
int teardown(void **state);

#define WITH_TD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

struct seamless_snapshot *take(struct seamless_machine *m);
void restore(struct seamless_machine *m, const struct seamless_snapshot *s);
/* A copy that has seen nothing but the bytes. */
struct seamless_snapshot *reread(struct seamless_snapshot *s);

#endif

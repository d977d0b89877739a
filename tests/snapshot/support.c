// SPDX-License-Identifier: MIT
/*
 * See support.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "bring_up.h"
#include "support.h"

char err[500];

struct seamless_machine *machine(enum seamless_guest guest)
{
	const struct seamless_config config = { .name = "default", .guest = guest };
	struct seamless_machine *m = seamless_create(&config, err, sizeof(err));

	assert_non_null(m);
	return m;
}

int setup(void **state)
{
	struct seamless_machine *m = *state = machine(SEAMLESS_GUEST_SCRIPTED);

	if (!seamless_lp_enter(m, 0))
		return -1;
	bring_up_system(m);
	bring_up_td(m);
	return 0;
}

int teardown(void **state)
{
	seamless_lp_leave();
	seamless_destroy(*state);
	return 0;
}

struct seamless_snapshot *take(struct seamless_machine *m)
{
	struct seamless_snapshot *s = seamless_snapshot_take(m, err, sizeof(err));

	if (!s)
		fail_msg("%s", err);
	return s;
}

void restore(struct seamless_machine *m, const struct seamless_snapshot *s)
{
	if (!seamless_snapshot_restore(s, m, err, sizeof(err)))
		fail_msg("%s", err);
}

struct seamless_snapshot *reread(struct seamless_snapshot *s)
{
	struct seamless_snapshot *copy;
	size_t len;
	const void *bytes = seamless_snapshot_bytes(s, &len);

	assert_non_null(bytes);
	copy = seamless_snapshot_from("bytes", bytes, len, err, sizeof(err));
	if (!copy)
		fail_msg("%s", err);
	return copy;
}

// SPDX-License-Identifier: MIT
/*
 * Linked with allocations.c into a program: SEAMLESS_FAILS=N in its environment makes its N-th
 * allocation fail, N+ that and all later ones. Its last line on standard error tells how many it made
 * and how many it did not give back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"

__attribute__((constructor)) static void start(void)
{
	const char *which = getenv("SEAMLESS_FAILS");

	if (which)
		allocations_fail(strtoul(which, NULL, 10), strchr(which, '+'));
}

__attribute__((destructor)) static void end(void)
{
	fflush(stderr);
	dprintf(2, "allocations: %lu made, %zu left\n", allocations_made(), allocations_live());
}

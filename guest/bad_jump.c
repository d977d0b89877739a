// SPDX-License-Identifier: MIT
/*
 * A guest that jumps where it should not; compiled once for each TARGET, an expression.
 */
#include "guest/guest.h"

#define UNACCEPTED    0x800000ull
#define OUTSIDE	      (boot->memory + 0x10000000ull)
#define SHARED_UNUSED (SHARED_ALIAS + 0x900000ull)

/* A shared page that is there: a return instruction, should it ever be executed. */
__attribute__((unused)) static uint64_t shared_code(void)
{
	volatile uint8_t *page = (volatile uint8_t *)(SHARED_ALIAS + 0xa00000ull);

	*page = 0xc3;
	return (uint64_t)page;
}

void guest_main(const struct guest_boot *boot)
{
	uint64_t target = TARGET;

	(void)boot;
	put("about to jump to ");
	put_hex(target);
	put("\n");
	((void (*)(void))target)();
	guest_fail("the jump came back");
}

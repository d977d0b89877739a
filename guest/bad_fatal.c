// SPDX-License-Identifier: MIT
/*
 * A guest that gives up.
 */
#include "guest/guest.h"

void guest_main(const struct guest_boot *boot)
{
	(void)boot;
	guest_fail("this guest was made to fail, with a text of 64 characters, see?");
}

// SPDX-License-Identifier: MIT
/*
 * --gpaw and --pending-ve.
 */
#include "cli/td_option.h"

#include <string.h>

int td_option_gpaw(struct td_option *option, const char *text)
{
	option->gpaw = !strcmp(text, "48") ? 48 : !strcmp(text, "52") ? 52 : 0;
	return option->gpaw ? 0 : -1;
}

int td_option_pending_ve(struct td_option *option, const char *text)
{
	static const char *const names[] = {
		[PENDING_VE_OFF] = "off",
		[PENDING_VE_ON] = "on",
		[PENDING_VE_FLEXIBLE] = "flexible",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			option->pending_ve = (enum vm_pending_ve)i;
			return 0;
		}
	}
	return -1;
}

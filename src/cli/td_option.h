/* SPDX-License-Identifier: MIT */
/*
 * The options of `seamless run` that say what kind of TD it builds.
 */
#ifndef CLI_TD_OPTION_H
#define CLI_TD_OPTION_H

#include "vmm/vm.h"

struct td_option {
	unsigned gpaw; /* 0: not given */
	enum vm_pending_ve pending_ve;
};

/* Each takes the option's text; -1: it makes no sense. */
int td_option_gpaw(struct td_option *option, const char *text);
int td_option_pending_ve(struct td_option *option, const char *text);

#endif

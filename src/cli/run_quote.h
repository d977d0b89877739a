/* SPDX-License-Identifier: MIT */
/* --quote DIR: a quoting service for the guest, by the test hierarchy that DIR keeps. */
#ifndef CLI_RUN_QUOTE_H
#define CLI_RUN_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/file_roles.h"
#include "seamless/seamless.h"

struct quoting;

struct run_quote {
	const char *folder; /* NULL: no quoting service */
	unsigned version;   /* of the quotes */
	struct quoting *service;
	uint8_t mac_key[32]; /* reports must be of the machine that the guest runs on */
};

/* The files of its hierarchy. */
void run_quote_roles(const struct run_quote *quote, struct file_roles *roles);

/* Returns 0, or -1 after saying why on stderr. With folder NULL, nothing is opened. */
int run_quote_open(struct run_quote *quote, struct seamless_machine *machine);
void run_quote_close(struct run_quote *quote);

/* For struct vm_config; `quote` is a struct run_quote. */
size_t run_quote_answer(void *quote, const uint8_t *report, uint8_t *out, size_t room);

#endif

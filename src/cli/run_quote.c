// SPDX-License-Identifier: MIT
/*
 * The quoting service of a run.
 */
#include <stdio.h>
#include <time.h>

#include "attest/key_store.h"
#include "attest/quoting.h"
#include "cli/run_quote.h"
#include "seamless/machine.h"

void run_quote_roles(const struct run_quote *quote, struct file_roles *roles)
{
	file_roles_output_in(roles, "--quote", quote->folder, KEY_STORE_HIERARCHY);
	file_roles_output_in(roles, "--quote", quote->folder, KEY_STORE_ROOT);
}

int run_quote_open(struct run_quote *quote, struct seamless_machine *machine)
{
	char why[400];

	if (!quote->folder)
		return 0;
	seamless_report_key(machine, quote->mac_key);
	quote->service = quoting_open(quote->folder, time(NULL), why, sizeof(why));
	if (!quote->service)
		fprintf(stderr, "seamless run: --quote: %s\n", why);
	return quote->service ? 0 : -1;
}

void run_quote_close(struct run_quote *quote)
{
	quoting_destroy(quote->service);
	quote->service = NULL;
}

size_t run_quote_answer(void *opaque, const uint8_t *report, uint8_t *out, size_t room)
{
	const struct run_quote *quote = opaque;
	char why[160];
	size_t size = quoting_quote(quote->service, report, quote->mac_key, quote->version, out,
				    room, why, sizeof(why));

	if (!size)
		fprintf(stderr, "seamless: no quote for the guest: %s\n", why);
	return size;
}

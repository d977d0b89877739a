// SPDX-License-Identifier: MIT
/*
 * The first program with the library: a machine, two calls, and why the second is refused.
 */
#include <seamless/seamless.h>
#include <stdio.h>
#include <tdx/tdx.h>

int main(void)
{
	char text[400];
	struct seamless_machine *m = seamless_create(NULL, text, sizeof(text));

	if (!m) {
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	seamless_lp_enter(m, 0); /* this thread is logical processor 0 now */
	if (tdx_status_ok(tdh_sys_init(0, NULL)) && !tdx_status_ok(tdh_sys_key_config())) {
		seamless_reason(text, sizeof(text));
		puts(text);
	}
	seamless_lp_leave();
	seamless_destroy(m);
	return 0;
}

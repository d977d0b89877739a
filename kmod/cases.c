// SPDX-License-Identifier: MIT
/*
 * The call layer's common cases (tests/tdx/common) in a kernel: a module with a thunk of its own, unprefixed. Parameter
 * `expect` and the lines that it prints are as in seamless_consumer.c.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "cases.h"

static char *expect = "ud";
module_param(expect, charp, 0444);
MODULE_PARM_DESC(expect, "what SEAMCALL does here: ud, gp or vmfail");

static u64 expected_status(void)
{
	if (!strcmp(expect, "gp"))
		return TDX_SEAMCALL_GP;
	if (!strcmp(expect, "vmfail"))
		return TDX_SEAMCALL_VMFAILINVALID;
	return TDX_SEAMCALL_UD;
}

static int __init seamless_cases_init(void)
{
	unsigned int i;

	for (i = 0; i < num_refused_cases; i++)
		pr_info("seamless: %s common case: %s\n", refused_cases[i].right(expected_status()) ? "ok" : "WRONG",
			refused_cases[i].name);
	return 0;
}

static void __exit seamless_cases_exit(void)
{
}

module_init(seamless_cases_init);
module_exit(seamless_cases_exit);
MODULE_DESCRIPTION("The call layer's common cases");
MODULE_LICENSE("Dual MIT/GPL");

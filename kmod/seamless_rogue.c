// SPDX-License-Identifier: MIT
/*
 * A module that tries to reach the thunk itself. It must not link: the thunk is hidden in seamless_core.
 */
#include <linux/module.h>

void __sl_tdx_seamcall(void);

static int __init seamless_rogue_init(void)
{
	__sl_tdx_seamcall();
	return 0;
}

module_init(seamless_rogue_init);
MODULE_DESCRIPTION("Names the thunk: must not link");
MODULE_LICENSE("Dual MIT/GPL");

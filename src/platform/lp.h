/* SPDX-License-Identifier: MIT */
/* What platform.c needs of lp.c beyond the public face. */
#ifndef PLATFORM_LP_H
#define PLATFORM_LP_H

struct platform;

/* Every LP's MSRs back to their reset values. */
void lp_reset_msrs(struct platform *p);

#endif

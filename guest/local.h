/* SPDX-License-Identifier: MIT */
/*
 * Where the host hands a report to guest/local.c: after this mark in the guest's file.
 */
#ifndef GUEST_LOCAL_H
#define GUEST_LOCAL_H

#include <stdint.h>

#define LOCAL_MARK "REPORTMACSTRUCT" /* 16 bytes with its NUL */
#define LOCAL_SIZE 256u

struct local_handed {
	char mark[16];
	uint8_t report_mac[LOCAL_SIZE];
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Addresses and selectors that assembly and C share.
 */
#ifndef TESTS_CPU_PRIV_LAYOUT_H
#define TESTS_CPU_PRIV_LAYOUT_H

#define PML4	    0x800000
#define PDPT	    0x801000
#define PD_KERNEL   0x802000
#define PD_USER	    0x803000
#define PD_TEST	    0x804000
#define PT_TEST	    0x805000
#define TABLES_SIZE 0x6000
#define TEST_PAGES  0x900000 /* what the test region's pages hold */

#define USER_ALIAS  0x40000000 /* the same memory, for user mode */
#define TEST_REGION 0x80000000 /* 512 pages of 4 KiB */

#define KERNEL_CODE   0x08
#define KERNEL_DATA   0x10
#define USER_CODE32   0x18
#define USER_DATA     0x20
#define USER_CODE64   0x28
#define TSS_SELECTOR  0x30 /* two slots */
#define LDT_SELECTOR  0x40 /* two slots */
#define KERNEL_CODE32 0x50
#define ODD_FIRST     0x58 /* descriptors of every kind, for LAR and its kin */
#define GDT_ENTRIES   32

#define DEBUG_PORT 0xe9
#define EXIT_PORT  0xf4

#endif

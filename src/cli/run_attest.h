/* SPDX-License-Identifier: MIT */
/*
 * `seamless run --attest`: gives a Linux guest a nonce on its command line, takes TDREPORT, event
 * log and quote from its console (guest/linux), and checks them against what was booted.
 */
#ifndef CLI_RUN_ATTEST_H
#define CLI_RUN_ATTEST_H

#include "cli/file_roles.h"
#include "formats/hex_block.h"
#include "seamless/machine.h"
#include "vmm/image.h"

#define RUN_ATTEST_NONCE 64

enum { RUN_ATTEST_REPORT, RUN_ATTEST_LOG, RUN_ATTEST_QUOTE, RUN_ATTEST_BLOCKS };

struct run_attest {
	bool wanted;
	const char *folder;	  /* keeps nonce, report, log and quote; NULL: nothing is kept */
	const char *quote_folder; /* of the quoting service; NULL: there is none */
	const char *nonce_hex;	  /* the nonce; NULL: a random one */
	uint8_t nonce[RUN_ATTEST_NONCE];
	char *cmdline; /* the caller's and what the guest is asked for */
	struct hex_block block[RUN_ATTEST_BLOCKS];
	struct hex_reader reader;
	uint8_t *bytes; /* of all blocks */
};

/* The files that it keeps. */
void run_attest_roles(const struct run_attest *attest, struct file_roles *roles);

/* After `wanted` and the folders are set. 0, or -1 after saying why on stderr. */
int run_attest_open(struct run_attest *attest, const char *cmdline);
void run_attest_close(struct run_attest *attest);

/* A byte of the guest's console. */
void run_attest_take(struct run_attest *attest, uint8_t byte);

/*
 * After the run: says on stderr, link by link, whether the guest is what was booted here. Returns
 * an exit status of the command.
 */
int run_attest_judge(struct run_attest *attest, struct seamless_machine *machine,
		     const struct vmm_image *image);

#endif

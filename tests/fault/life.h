/* SPDX-License-Identifier: MIT */
/*
 * A TD's whole life by the VMM: the module brought up, the TD built, run and torn down, on a
 * machine whose runs repeat exactly.
 */
#ifndef TESTS_FAULT_LIFE_H
#define TESTS_FAULT_LIFE_H

#include <stdbool.h>

#include "vmm/vm.h"

/* A call of the life. */
struct life_call {
	bool guest;
	bool done; /* not refused */
	uint16_t leaf;
};

struct life {
	struct seamless_machine *machine;
	struct vmm_host host;
	struct vmm_image image;
	uint8_t *file;
	size_t size;
	struct vmm_vm vm;
	char console[8192];
	size_t printed;
	struct life_call *call; /* made so far, if they are to be kept */
	size_t calls, room;

	/* how it went */
	bool opened, built, destroyed;
	enum vm_end end;
	char error[400]; /* of the step that failed, or the end of the run */
	uint8_t mrtd[TD_MRTD_SIZE];
	bool all_back; /* memory and key ids are the host's again */
};

/* False after a message: the guest can't be read. */
bool life_load(struct life *life, const char *guest);
void life_free(struct life *life);

/* The machine for one life; NULL: err says why. */
struct seamless_machine *life_machine(char *err, size_t err_len);

/* Lives it on life->machine. */
void life_live(struct life *life);

/* Whether it went as it goes without faults. */
bool life_went_well(const struct life *life);

#endif

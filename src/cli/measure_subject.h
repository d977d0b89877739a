/* SPDX-License-Identifier: MIT */
/*
 * What `seamless measure` measures: firmware images, whole or in halves, or a Linux kernel as
 * `seamless run --kernel` boots it.
 */
#ifndef CLI_MEASURE_SUBJECT_H
#define CLI_MEASURE_SUBJECT_H

#include "attest/mrtd.h"
#include "cli/file.h"

#define MEASURE_MAX_FILES 16

struct measure_subject {
	const char *name; /* of its file */
	struct file file, initrd;
	struct vmm_image image;
	uint8_t mrtd[MRTD_ORDERS][MRTD_SIZE];
	bool has_rtmr; /* the inputs determine the RTMRs */
	uint8_t rtmr[4][48];
};

/* Command line, memory and vCPUs are measured by the boot shim too. */
struct measure_kernel {
	const char *kernel, *initrd, *cmdline;
	uint64_t memory;
	unsigned vcpus;
};

/*
 * The images in these files. When one of several files is none alone, all of them are one image, in
 * the order in which they are mapped; of two also in the other order. 0, or the exit status after
 * saying why on stderr. measure_subjects_free() may be called in any case on zeroed subjects.
 */
int measure_subjects_read(struct measure_subject subject[MEASURE_MAX_FILES], size_t *count,
			  int files, char **paths);

/* A kernel, with its RTMRs. Likewise. */
int measure_subject_kernel(struct measure_subject *subject, const struct measure_kernel *what);

void measure_subjects_free(struct measure_subject *subject, size_t count);

#endif

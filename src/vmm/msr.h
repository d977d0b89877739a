/* SPDX-License-Identifier: MIT */
/*
 * The MSRs that a vCPU asks the VMM for (TDVMCALL<Instruction.RDMSR> and WRMSR): those that the
 * module neither handles nor lets the guest reach. What firmware and kernels of today read and
 * write, and no more. Those of the local APIC are in lapic.h.
 */
#ifndef VMM_MSR_H
#define VMM_MSR_H

#include <stdbool.h>
#include <stdint.h>

#define MSR_MTRR_STORED 96

struct vcpu_msrs {
	uint64_t microcode;
	uint64_t mtrr[MSR_MTRR_STORED]; /* from MSR 0x200: variable, fixed, default type */
	uint64_t misc_features;
	bool first; /* of the vCPUs: the one that boots the guest */
};

void vcpu_msr_init(struct vcpu_msrs *msrs, unsigned index);

/* False: there is no such MSR; the guest sees an error. */
bool vcpu_msr_read(const struct vcpu_msrs *msrs, uint32_t msr, uint64_t *value);
bool vcpu_msr_write(struct vcpu_msrs *msrs, uint32_t msr, uint64_t value);

#endif

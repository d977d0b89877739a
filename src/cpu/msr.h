/* SPDX-License-Identifier: MIT */
/*
 * The MSRs that the CPU itself has.
 */
#ifndef CPU_MSR_H
#define CPU_MSR_H

#include "cpu/internal.h"

/* CPU_MSR_DONE, CPU_MSR_FAULT or CPU_MSR_EXIT. */
enum cpu_msr_answer cpu_msr_read(struct cpu *cpu, uint32_t index, uint64_t *value);
enum cpu_msr_answer cpu_msr_write(struct cpu *cpu, uint32_t index, uint64_t value);
/* The time stamp `ahead` instructions after the last block boundary. */
uint64_t msr_tsc(struct cpu *cpu, unsigned ahead);

#endif

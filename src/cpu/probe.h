/* SPDX-License-Identifier: MIT */
/*
 * A debugger's probe into a CPU: stops between two instructions, points in the guest's address
 * space at which it stops, single steps, and translation without side effects. The guest sees
 * nothing of it: no memory, register or exit changes.
 *
 * The probe belongs to a group. A vCPU that is to stop calls ops->stopped(), which returns when it
 * may go on; meanwhile everything in struct cpu_state is its state and may be written by any
 * thread. Points may be changed at any time; a vCPU that runs then comes to know of it soon.
 */
#ifndef CPU_PROBE_H
#define CPU_PROBE_H

#include "cpu/cpu.h"

#define CPU_POINTS 64u

/* Where to stop: before the instruction at the address, or after one that accesses a byte. */
struct cpu_point {
	uint64_t address; /* linear */
	uint32_t length;  /* bytes; 1 for CPU_EXEC */
	uint32_t access;  /* CPU_EXEC, or any of CPU_READ and CPU_WRITE */
	uint32_t tag;	  /* the caller's own; points that differ in it are two */
};

enum cpu_stop_why { CPU_STOP_ASKED, CPU_STOP_STEP, CPU_STOP_POINT };

struct cpu_stop {
	enum cpu_stop_why why;
	struct cpu_point point; /* CPU_STOP_POINT: which */
};

/* From now on vCPUs of the group stop when they are asked to, and count as probed. Before any of
 * them runs. Returns false when out of memory. */
bool cpu_probe_attach(struct cpu_group *group);

/* Sets or clears a point. False: no room for another, or there is none like it. */
bool cpu_probe_set(struct cpu_group *group, const struct cpu_point *point);
bool cpu_probe_clear(struct cpu_group *group, const struct cpu_point *point);
void cpu_probe_clear_all(struct cpu_group *group);

/* Any thread: the vCPU stops before its next instruction; or it need not, what was asked before is taken back. */
void cpu_probe_ask(struct cpu *cpu, bool stop);

/*
 * Stopped vCPUs: whether it stops again after one instruction. Interrupts wait meanwhile; an
 * instruction that faults ends at the first one of its handler, one that exits where the vCPU goes
 * on after the exit. Outside of cpu_run() the instruction is the one that exited.
 */
void cpu_probe_step(struct cpu *cpu, bool on);

/*
 * Stopped vCPUs: the guest-physical address that the guest's page tables give, whatever access they
 * allow. `read` reads an entry of them, 4 or 8 bytes. False: not mapped.
 */
bool cpu_probe_translate(struct cpu *cpu, uint64_t lin,
			 bool (*read)(void *opaque, uint64_t gpa, void *entry, unsigned size),
			 void *opaque, uint64_t *gpa);

#endif

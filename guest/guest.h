/* SPDX-License-Identifier: MIT */
/*
 * What the bare guests share: a console through TDVMCALL, exceptions, and ways to end.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 0x1000ull

/* Guest-physical addresses with this bit are shared: 47, or 51 with a GPA width of 52. */
extern uint64_t guest_shared_bit;
#define SHARED_BIT guest_shared_bit

/*
 * The upper half of the linear addresses is the guest-physical memory as shared (see
 * vmm/load_elf.c).
 */
#define SHARED_ALIAS 0xffff800000000000ull

/* A TDCALL made again while something that it needs is locked. */
#define PATIENT_TRIES 100000u
#define patient(call)                                                                              \
	({                                                                                         \
		tdx_status_t status_;                                                              \
		unsigned tries_ = 0;                                                               \
		do                                                                                 \
			status_ = (call);                                                          \
		while (tdx_status_is(status_, TDX_OPERAND_BUSY) && ++tries_ < PATIENT_TRIES);      \
		status_;                                                                           \
	})

/* Registers at an exception, in the order in which start.S pushes them. */
struct guest_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* What start.S passes on. */
struct guest_boot {
	unsigned gpaw;
	unsigned vcpu;
	uint64_t memory; /* bytes of RAM */
};

/* Called for an interrupt or exception in place of what exception.c does; NULL ends that. */
typedef void (*guest_handler)(struct guest_frame *frame);
void guest_on(uint8_t vector, guest_handler handler);

/* Each guest's own code. Returning ends the vCPU as guest_halt() does. */
void guest_main(const struct guest_boot *boot);

/* From start.S: sets up exceptions, calls guest_main(). */
void guest_start(unsigned gpaw, unsigned vcpu, uint64_t memory) __attribute__((noreturn));
void guest_exception(struct guest_frame *frame);

void put_char(char c);
void put(const char *text);
void put_hex(uint64_t value);
void put_decimal(uint64_t value);
void put_bytes(const uint8_t *bytes, size_t size);

/* Prints what was found right; ends the guest, as a failure, with what is not. */
void check(bool right, const char *what);

/* Waits with interrupts blocked: on every vCPU, the end of the guest. */
void guest_halt(void) __attribute__((noreturn));

/* TDVMCALL<ReportFatalError>: the end of the guest, as a failure. */
void guest_fail(const char *text) __attribute__((noreturn));

/* How the last #VE was handled: the exit reasons seen so far, as bits. */
extern volatile uint64_t ve_seen;

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#endif

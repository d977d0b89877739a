// SPDX-License-Identifier: MIT
/*
 * Virtual interrupts: requested in the virtual APIC page, the highest of them in the VMCS's interrupt status.
 */
#include "vmx/vapic.h"

#include <string.h>

#define X2APIC_TPR 0x808u
#define X2APIC_EOI 0x80bu
#define X2APIC_SELF_IPI 0x83fu
#define VAPIC_SELF_IPI 0x3f0u

#define VECTORS 256u
#define VECTOR_LEGAL 16u /* the first that an APIC delivers */
#define POSTED_ON 32u    /* byte of the notification bit */

#define RVI(status) ((unsigned)(status) & 0xff)
#define SVI(status) ((unsigned)(status) >> 8 & 0xff)

static uint64_t status_of(const struct vapic *a)
{
	return vmcs_read(a->vmcs, VMCS_GUEST_INTR_STATUS);
}

static void set_status(const struct vapic *a, unsigned rvi, unsigned svi)
{
	vmcs_write(a->vmcs, VMCS_GUEST_INTR_STATUS, rvi | (uint64_t)svi << 8);
}

/* 32 bits of a 256-bit register of the page. */
static uint32_t *word_of(const struct vapic *a, unsigned reg, unsigned vector)
{
	return (uint32_t *)(void *)(a->page + reg + vector / 32 * 16);
}

static void set_bit(const struct vapic *a, unsigned reg, unsigned vector)
{
	*word_of(a, reg, vector) |= 1u << vector % 32;
}

static void clear_bit(const struct vapic *a, unsigned reg, unsigned vector)
{
	*word_of(a, reg, vector) &= ~(1u << vector % 32);
}

/* The highest vector in a register, 0 if there is none. */
static unsigned highest(const struct vapic *a, unsigned reg)
{
	for (unsigned v = VECTORS; v; v -= 32) {
		uint32_t bits = *word_of(a, reg, v - 32);

		if (bits)
			return v - 1 - (unsigned)__builtin_clz(bits);
	}
	return 0;
}

static void update_ppr(const struct vapic *a)
{
	unsigned tpr = a->page[VAPIC_TPR], svi = SVI(status_of(a));
	uint32_t ppr = VAPIC_PRIORITY(tpr) >= VAPIC_PRIORITY(svi) ? tpr : VAPIC_PRIORITY(svi);

	memcpy(a->page + VAPIC_PPR, &ppr, sizeof(ppr));
}

void vapic_request(const struct vapic *a, unsigned vector)
{
	uint64_t status = status_of(a);

	set_bit(a, VAPIC_IRR, vector);
	if (vector > RVI(status))
		set_status(a, vector, SVI(status));
}

unsigned vapic_take_posted(const struct vapic *a)
{
	uint32_t *posted = (uint32_t *)(void *)a->posted;
	unsigned vector = 0;

	__atomic_fetch_and(&a->posted[POSTED_ON], 0xfe, __ATOMIC_ACQ_REL);
	for (unsigned i = 0; i < VECTORS / 32; i++) {
		uint32_t bits = __atomic_exchange_n(&posted[i], 0, __ATOMIC_ACQ_REL);

		*word_of(a, VAPIC_IRR, 32 * i) |= bits;
		if (bits)
			vector = 32 * i + 31 - (unsigned)__builtin_clz(bits);
	}
	return vector;
}

bool vapic_pending(const struct vapic *a)
{
	return VAPIC_PRIORITY(RVI(status_of(a))) > VAPIC_PRIORITY(a->page[VAPIC_PPR]);
}

int vapic_vector(const struct vapic *a)
{
	unsigned vector = 0;

	if (a->posted && __atomic_load_n(&a->posted[POSTED_ON], __ATOMIC_ACQUIRE) & 1)
		vector = vapic_take_posted(a);
	if (vector)
		vapic_request(a, vector);
	return vapic_pending(a) ? (int)RVI(status_of(a)) : -1;
}

void vapic_deliver(const struct vapic *a, unsigned vector)
{
	uint32_t ppr = VAPIC_PRIORITY(vector);

	set_bit(a, VAPIC_ISR, vector);
	clear_bit(a, VAPIC_IRR, vector);
	set_status(a, highest(a, VAPIC_IRR), vector);
	memcpy(a->page + VAPIC_PPR, &ppr, sizeof(ppr));
}

void vapic_set_tpr(const struct vapic *a, uint8_t tpr)
{
	uint32_t wide = tpr;

	memcpy(a->page + VAPIC_TPR, &wide, sizeof(wide));
	update_ppr(a);
}

static void end_of_interrupt(const struct vapic *a)
{
	uint64_t status = status_of(a);

	clear_bit(a, VAPIC_ISR, SVI(status));
	set_status(a, RVI(status), highest(a, VAPIC_ISR));
	update_ppr(a);
}

bool vapic_rdmsr(const struct vapic *a, uint32_t msr, uint64_t *value)
{
	unsigned offset = (msr - X2APIC_FIRST) << 4;

	if (msr < X2APIC_FIRST || msr > X2APIC_LAST)
		return false;
	memcpy(value, a->page + offset, sizeof(*value));
	return true;
}

bool vapic_wrmsr(const struct vapic *a, uint32_t msr, uint64_t value)
{
	uint32_t wide = (uint32_t)value;

	switch (msr) {
	case X2APIC_TPR:
		if (value >> 8)
			return false;
		vapic_set_tpr(a, (uint8_t)value);
		return true;
	case X2APIC_EOI:
		if (value)
			return false;
		end_of_interrupt(a);
		return true;
	case X2APIC_SELF_IPI:
		if (value >> 8)
			return false;
		memcpy(a->page + VAPIC_SELF_IPI, &wide, sizeof(wide));
		if (value >= VECTOR_LEGAL)
			vapic_request(a, wide);
		return true;
	default:
		return false;
	}
}

// SPDX-License-Identifier: MIT
/*
 * x2APIC registers and the interrupt command.
 */
#include <string.h>

#include "vmm/clock.h"
#include "vmm/lapic.h"
#include "vmm/lapic_timer.h"

enum {
	ID = 0x802,
	VERSION = 0x803,
	LOGICAL_ID = 0x80d,
	SPURIOUS = 0x80f,
	ERROR = 0x828,
	LVT_CMCI = 0x82f,
	COMMAND = 0x830,
	LVT_TIMER = 0x832,
	LVT_ERROR = 0x837,
	TIMER_INITIAL = 0x838,
	TIMER_CURRENT = 0x839,
	TIMER_DIVIDE = 0x83e,
};

#define VERSION_VALUE	   0x50014u /* an integrated APIC with six LVT entries */
#define SPURIOUS_RESET	   0xffu
#define SPURIOUS_DEFINED   0x1ffu
#define ERROR_SEND_ILLEGAL (1u << 5)
#define DIVIDE_DEFINED	   0xbu
#define SHORTHAND(command) ((command) >> 18 & 3)
#define ALL_IDS		   UINT32_MAX
enum { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

void lapic_init(struct lapic *lapic, const struct lapic_ops *ops, unsigned index)
{
	memset(lapic, 0, sizeof(*lapic));
	lapic->ops = ops;
	lapic->index = index;
	lapic->spurious = SPURIOUS_RESET;
	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		lapic->lvt[i] = LAPIC_LVT_MASKED;
	atomic_init(&lapic->deadline, CLOCK_NEVER);
	pthread_mutex_init(&lapic->lock, NULL);
}

void lapic_free(struct lapic *lapic)
{
	pthread_mutex_destroy(&lapic->lock);
}

bool lapic_has(uint32_t msr)
{
	return (msr >= LAPIC_MSR_FIRST && msr <= LAPIC_MSR_LAST) || msr == LAPIC_MSR_TSC_DEADLINE;
}

bool lapic_armed(const struct lapic *lapic)
{
	return atomic_load(&lapic->deadline) != CLOCK_NEVER;
}

uint32_t lapic_logical_id(unsigned id)
{
	return id >> 4 << 16 | 1u << (id & 15);
}

static bool logically_addressed(uint32_t destination, uint32_t id)
{
	return destination == ALL_IDS ||
	       (destination >> 16 == id >> 16 && destination & id & 0xffff);
}

bool lapic_message_is_for(const struct lapic_message *message, unsigned from, unsigned index)
{
	if (message->all)
		return !message->not_self || index != from;
	return message->logical ? logically_addressed(message->destination, lapic_logical_id(index))
				: message->destination == ALL_IDS || message->destination == index;
}

/* LVT entries lie in a row but for the first, that of CMCI. */
static uint32_t *lvt(struct lapic *lapic, uint32_t msr)
{
	if (msr == LVT_CMCI)
		return &lapic->lvt[0];
	return msr >= LVT_TIMER && msr <= LVT_ERROR ? &lapic->lvt[1 + (msr - LVT_TIMER)] : NULL;
}

static bool read_register(struct lapic *lapic, uint32_t msr, uint64_t *value)
{
	const uint32_t *entry = lvt(lapic, msr);

	if (entry) {
		*value = *entry;
		return true;
	}
	switch (msr) {
	case ID: *value = lapic->index; return true;
	case VERSION: *value = VERSION_VALUE; return true;
	case LOGICAL_ID: *value = lapic_logical_id(lapic->index); return true;
	case SPURIOUS: *value = lapic->spurious; return true;
	case ERROR: *value = lapic->error_seen; return true;
	case COMMAND: *value = lapic->command; return true;
	case TIMER_INITIAL: *value = lapic->initial; return true;
	case TIMER_CURRENT: *value = lapic_timer_current(lapic); return true;
	case TIMER_DIVIDE: *value = lapic->divide; return true;
	case LAPIC_MSR_TSC_DEADLINE: *value = lapic_timer_deadline(lapic); return true;
	default: return false;
	}
}

bool lapic_read(struct lapic *lapic, uint32_t msr, uint64_t *value)
{
	bool known;

	pthread_mutex_lock(&lapic->lock);
	known = read_register(lapic, msr, value);
	pthread_mutex_unlock(&lapic->lock);
	return known;
}

/* While the APIC is disabled by software every LVT entry stays masked. */
static void write_spurious(struct lapic *lapic, uint32_t value)
{
	lapic->spurious = value & SPURIOUS_DEFINED;
	if (lapic->spurious & LAPIC_ENABLED)
		return;
	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		lapic->lvt[i] |= LAPIC_LVT_MASKED;
}

static void write_lvt(struct lapic *lapic, uint32_t *entry, uint32_t value)
{
	if (!(lapic->spurious & LAPIC_ENABLED))
		value |= LAPIC_LVT_MASKED;
	if (entry == &lapic->lvt[LAPIC_LVT_TIMER])
		lapic_timer_set_lvt(lapic, value);
	else
		*entry = value;
}

/* Under the lock. */
static bool write_register(struct lapic *lapic, uint32_t msr, uint64_t value)
{
	uint32_t *entry = lvt(lapic, msr);

	if (entry) {
		write_lvt(lapic, entry, (uint32_t)value);
		return true;
	}
	switch (msr) {
	case SPURIOUS: write_spurious(lapic, (uint32_t)value); return true;
	case ERROR:
		lapic->error_seen = lapic->error;
		lapic->error = 0;
		return true;
	case TIMER_INITIAL: lapic_timer_set_initial(lapic, (uint32_t)value); return true;
	case TIMER_DIVIDE:
		lapic_timer_set_divide(lapic, (uint32_t)value & DIVIDE_DEFINED);
		return true;
	case LAPIC_MSR_TSC_DEADLINE: lapic_timer_set_deadline(lapic, value); return true;
	default: return false;
	}
}

static void note_error(struct lapic *lapic, uint32_t error)
{
	pthread_mutex_lock(&lapic->lock);
	lapic->error |= error;
	pthread_mutex_unlock(&lapic->lock);
}

/* Without the lock: an interprocessor interrupt may be for this APIC itself. */
static void write_command(struct lapic *lapic, uint64_t value)
{
	const struct lapic_message message = {
		.destination = SHORTHAND(value) == TO_SELF ? lapic->index : (uint32_t)(value >> 32),
		.logical = value >> 11 & 1 && SHORTHAND(value) != TO_SELF,
		.all = SHORTHAND(value) >= TO_ALL,
		.not_self = SHORTHAND(value) == TO_OTHERS,
		.delivery = value >> 8 & 7,
		.vector = (uint8_t)value,
	};

	pthread_mutex_lock(&lapic->lock);
	lapic->command = value;
	pthread_mutex_unlock(&lapic->lock);
	if (message.delivery <= LAPIC_LOWEST_PRIORITY && message.vector < LAPIC_VECTOR_FIRST)
		note_error(lapic, ERROR_SEND_ILLEGAL);
	else
		lapic->ops->send(lapic->ops->opaque, lapic->index, &message);
}

bool lapic_write(struct lapic *lapic, uint32_t msr, uint64_t value)
{
	bool known;

	if (msr == COMMAND) {
		write_command(lapic, value);
		return true;
	}
	pthread_mutex_lock(&lapic->lock);
	known = write_register(lapic, msr, value);
	pthread_mutex_unlock(&lapic->lock);
	return known;
}

// SPDX-License-Identifier: MIT
/*
 * Waits in HLT for what is typed, by the serial port's interrupt through the I/O APIC, and prints
 * it back until a line is "quit". The printing waits for the transmitter's interrupt too.
 */
#include "guest/apic.h"
#include "tdx/tdx.h"

#define IOAPIC	    (SHARED_BIT | 0xfec00000ull)
#define UART_LINE   4
#define UART	    0x3f8
#define VECTOR	    0x61
#define QUIT	    "quit"
#define QUIT_LENGTH 4

static volatile unsigned interrupts;

static void out(unsigned reg, uint8_t value)
{
	tdg_vp_vmcall_instruction_io(tdx_width(1), TDX_WRITE, tdx_port((uint16_t)(UART + reg)),
				     value, NULL);
}

static uint8_t in(unsigned reg)
{
	uint64_t value = 0;

	tdg_vp_vmcall_instruction_io(tdx_width(1), TDX_READ, tdx_port((uint16_t)(UART + reg)), 0,
				     &value);
	return (uint8_t)value;
}

static void ioapic_write(uint32_t reg, uint32_t value)
{
	tdg_vp_vmcall_request_mmio(tdx_width(4), TDX_WRITE, tdx_gpa(IOAPIC), reg, NULL);
	tdg_vp_vmcall_request_mmio(tdx_width(4), TDX_WRITE, tdx_gpa(IOAPIC + 0x10), value, NULL);
}

static void on_uart(struct guest_frame *frame)
{
	(void)frame;
	interrupts++;
	wrmsr(APIC_EOI, 0);
}

static uint8_t key(void)
{
	while (!(in(5) & 1))
		wait_for_interrupt();
	return in(0);
}

/* Waits for the interrupt that tells of the empty transmitter, and acknowledges it. */
static void echo(uint8_t byte)
{
	unsigned before = interrupts;

	out(0, byte);
	while (interrupts == before)
		wait_for_interrupt();
	in(2);
}

static bool quits(uint8_t byte)
{
	static unsigned matched;

	if (matched == QUIT_LENGTH && byte == '\n')
		return true;
	matched = matched < QUIT_LENGTH && byte == (uint8_t)QUIT[matched] ? matched + 1 : 0;
	return false;
}

void guest_main(const struct guest_boot *boot)
{
	uint8_t byte;

	if (boot->vcpu)
		return;
	guest_on(VECTOR, on_uart);
	apic_enable();
	ioapic_write(0x11 + 2 * UART_LINE, 0);
	ioapic_write(0x10 + 2 * UART_LINE, VECTOR);
	put("type\n");
	out(2, 1);
	out(4, 8);
	out(1, 3);
	in(2);
	do {
		byte = key();
		if (byte == '\r')
			byte = '\n';
		echo(byte);
	} while (!quits(byte));
	put("PASS\n");
}

// SPDX-License-Identifier: MIT
/*
 * A 16550 serial port, transmitting. Registers and bits as in the National Semiconductor PC16550D
 * data sheet.
 */
#include "vmm/uart.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define LCR_DLAB      0x80u
#define MCR_LOOP      0x10u
#define IER_THRE      0x02u
#define IIR_NONE      0x01u
#define IIR_THRE      0x02u
#define IIR_FIFO      0xc0u
#define LSR_DATA      0x01u
#define LSR_TX_EMPTY  0x60u /* holding register and shifter */
#define MSR_CONNECTED 0xb0u /* DCD, DSR, CTS */

void uart_init(struct uart *uart, void (*sink)(void *opaque, uint8_t byte), void *opaque)
{
	*uart = (struct uart){ .sink = sink, .sink_opaque = opaque, .dll = 1 };
}

static uint8_t receive(struct uart *uart)
{
	if (!uart->has_looped)
		return 0;
	uart->has_looped = 0;
	return uart->looped;
}

static void transmit(struct uart *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP) {
		uart->looped = byte;
		uart->has_looped = 1;
		return;
	}
	uart->sink(uart->sink_opaque, byte);
}

/*
 * In loop-back the modem inputs show the modem outputs: DTR as DSR, RTS as CTS, OUT1 as RI, OUT2 as
 * DCD.
 */
static uint8_t modem_status(const struct uart *uart)
{
	if (!(uart->mcr & MCR_LOOP))
		return MSR_CONNECTED;
	return (uint8_t)((uart->mcr & 1) << 5 | (uart->mcr & 2) << 3 | (uart->mcr & 4) << 4 |
			 (uart->mcr & 8) << 4);
}

static uint8_t interrupt_id(const struct uart *uart)
{
	uint8_t pending = uart->ier & IER_THRE ? IIR_THRE : IIR_NONE;

	return (uint8_t)(pending | (uart->fifo ? IIR_FIFO : 0));
}

static uint32_t uart_in(void *opaque, uint16_t offset, unsigned size)
{
	struct uart *uart = opaque;

	(void)size;
	switch (offset) {
	case DATA: return uart->lcr & LCR_DLAB ? uart->dll : receive(uart);
	case IER: return uart->lcr & LCR_DLAB ? uart->dlm : uart->ier;
	case IIR_FCR: return interrupt_id(uart);
	case LCR: return uart->lcr;
	case MCR: return uart->mcr;
	case LSR: return LSR_TX_EMPTY | (uart->has_looped ? LSR_DATA : 0);
	case MSR: return modem_status(uart);
	default: return uart->scr;
	}
}

static void uart_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct uart *uart = opaque;
	uint8_t byte = (uint8_t)value;

	(void)size;
	switch (offset) {
	case DATA:
		if (uart->lcr & LCR_DLAB)
			uart->dll = byte;
		else
			transmit(uart, byte);
		break;
	case IER:
		if (uart->lcr & LCR_DLAB)
			uart->dlm = byte;
		else
			uart->ier = byte & 0x0f;
		break;
	case IIR_FCR: uart->fifo = byte & 1; break;
	case LCR: uart->lcr = byte; break;
	case MCR: uart->mcr = byte & 0x1f; break;
	case SCR: uart->scr = byte; break;
	default: break;
	}
}

struct port_device uart_device(struct uart *uart, uint16_t base)
{
	return (struct port_device){ .name = "16550",
				     .base = base,
				     .count = 8,
				     .in = uart_in,
				     .out = uart_out,
				     .opaque = uart };
}

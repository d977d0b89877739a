// SPDX-License-Identifier: MIT
/*
 * A 16550 serial port. Registers and bits as in the National Semiconductor PC16550D data sheet.
 */
#include "vmm/uart.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define LCR_DLAB      0x80u
#define MCR_OUT2      0x08u /* on a PC it lets the interrupt through */
#define MCR_LOOP      0x10u
#define IER_RECEIVED  0x01u
#define IER_EMPTY     0x02u
#define IIR_NONE      0x01u
#define IIR_EMPTY     0x02u
#define IIR_RECEIVED  0x04u
#define IIR_FIFO      0xc0u
#define FCR_ENABLE    0x01u
#define FCR_CLEAR     0x02u
#define LSR_DATA      0x01u
#define LSR_TX_EMPTY  0x60u /* holding register and shifter */
#define MSR_CONNECTED 0xb0u /* DCD, DSR, CTS */

void uart_init(struct uart *uart, void (*sink)(void *opaque, uint8_t byte), void *opaque)
{
	*uart = (struct uart){ .sink = sink, .sink_opaque = opaque, .dll = 1 };
}

/* What the guest would be interrupted for, in the order of priority. */
static uint8_t cause(const struct uart *uart)
{
	if (uart->ier & IER_RECEIVED && uart->count)
		return IIR_RECEIVED;
	return uart->ier & IER_EMPTY && !uart->empty_told ? IIR_EMPTY : IIR_NONE;
}

static void update_line(struct uart *uart)
{
	bool line = uart->mcr & MCR_OUT2 && !(uart->mcr & MCR_LOOP) && cause(uart) != IIR_NONE;

	if (line && !uart->line && uart->rise)
		uart->rise(uart->rise_opaque);
	uart->line = line;
}

static void queue(struct uart *uart, uint8_t byte)
{
	if (uart->count < UART_FIFO)
		uart->received[(uart->first + uart->count++) % UART_FIFO] = byte;
}

static uint8_t dequeue(struct uart *uart)
{
	uint8_t byte = uart->received[uart->first];

	if (!uart->count)
		return 0;
	uart->first = (uart->first + 1) % UART_FIFO;
	uart->count--;
	return byte;
}

size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t size)
{
	unsigned room = uart->fifo_on ? UART_FIFO : 1;
	size_t taken = 0;

	if (uart->mcr & MCR_LOOP || !atomic_load(&uart->looked))
		return 0;
	while (taken < size && uart->count < room)
		queue(uart, bytes[taken++]);
	update_line(uart);
	return taken;
}

static void transmit(struct uart *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP)
		queue(uart, byte);
	else
		uart->sink(uart->sink_opaque, byte);
	/* Sent at once: the transmitter is empty again, which is news. */
	uart->empty_told = uart->line = false;
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

/* Reading it acknowledges an empty transmitter, if that is the cause. */
static uint8_t interrupt_id(struct uart *uart)
{
	uint8_t id = cause(uart);

	if (id == IIR_EMPTY)
		uart->empty_told = true;
	return (uint8_t)(id | (uart->fifo_on ? IIR_FIFO : 0));
}

static uint8_t line_status(struct uart *uart)
{
	atomic_store(&uart->looked, true);
	return LSR_TX_EMPTY | (uart->count ? LSR_DATA : 0);
}

static uint8_t read_register(struct uart *uart, uint16_t offset)
{
	switch (offset) {
	case DATA: return uart->lcr & LCR_DLAB ? uart->dll : dequeue(uart);
	case IER: return uart->lcr & LCR_DLAB ? uart->dlm : uart->ier;
	case IIR_FCR: return interrupt_id(uart);
	case LCR: return uart->lcr;
	case MCR: return uart->mcr;
	case LSR: return line_status(uart);
	case MSR: return modem_status(uart);
	default: return uart->scr;
	}
}

static uint32_t uart_in(void *opaque, uint16_t offset, unsigned size)
{
	struct uart *uart = opaque;
	uint8_t value = read_register(uart, offset);

	(void)size;
	update_line(uart);
	return value;
}

static void write_ier(struct uart *uart, uint8_t value)
{
	if (value & ~uart->ier & IER_EMPTY)
		uart->empty_told = false;
	uart->ier = value & 0x0f;
	atomic_store(&uart->listens, value & IER_RECEIVED);
}

static void write_fcr(struct uart *uart, uint8_t value)
{
	if ((value & FCR_ENABLE) != uart->fifo_on || value & FCR_CLEAR)
		uart->count = 0;
	uart->fifo_on = value & FCR_ENABLE;
}

static void write_register(struct uart *uart, uint16_t offset, uint8_t byte)
{
	bool divisor = uart->lcr & LCR_DLAB;

	switch (offset) {
	case DATA:
		if (divisor)
			uart->dll = byte;
		else
			transmit(uart, byte);
		break;
	case IER:
		if (divisor)
			uart->dlm = byte;
		else
			write_ier(uart, byte);
		break;
	case IIR_FCR: write_fcr(uart, byte); break;
	case LCR: uart->lcr = byte; break;
	case MCR: uart->mcr = byte & 0x1f; break;
	case SCR: uart->scr = byte; break;
	default: break;
	}
}

static void uart_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct uart *uart = opaque;

	(void)size;
	write_register(uart, offset, (uint8_t)value);
	update_line(uart);
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

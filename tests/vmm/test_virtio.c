// SPDX-License-Identifier: MIT
/*
 * The virtio console through PCI: found, negotiated, used in both directions, interrupting by
 * MSI-X; and drivers that do it wrong, or mean harm.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "formats/bytes.h"
#include "virtio_driver.h"

#define NEXT	 1u
#define WRITE	 2u
#define INDIRECT 4u
#define RECEIVE	 0
#define TRANSMIT 1

static int setup(void **state)
{
	struct driver *d = malloc(sizeof(*d));

	*state = d;
	if (!d)
		return -1;
	driver_init(d);
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static bool needs_reset(struct driver *d)
{
	return driver_get(d, VIRTIO_DEVICE_STATUS, 1) & VIRTIO_STATUS_NEEDS_RESET;
}

static void is_found(void **state)
{
	struct driver *d = *state;
	unsigned types = 0, at = driver_config(d, PCI_CAPABILITIES, 1);

	assert_int_equal(driver_config(d, PCI_VENDOR, 4), 0x10431af4);
	assert_int_equal(driver_config(d, PCI_CLASS, 2), 0x0780);
	assert_true(driver_config(d, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES);
	assert_int_equal(driver_config(d, PCI_BAR0, 4), BOARD_CONSOLE_BAR);
	for (; at; at = driver_config(d, at + 1, 1))
		types |= driver_config(d, at, 1) == 9 ? 1u << driver_config(d, at + 3, 1) : 1;
	assert_int_equal(types, 0x3f); /* MSI-X and the five of virtio */
	assert_int_equal(pci_ecam_read(&d->pci, 2 << 15, 4), UINT32_MAX);
}

static void bar_moves_and_closes(void **state)
{
	struct driver *d = *state;

	assert_true(driver_get(d, VIRTIO_NUM_QUEUES, 2) == UINT64_MAX);
	driver_set_config(d, PCI_BAR0, 4, UINT32_MAX);
	assert_int_equal(driver_config(d, PCI_BAR0, 4), ~(VIRTIO_BAR_SIZE - 1));
	driver_set_config(d, PCI_BAR0, 4, DRIVER_BAR);
	driver_set_config(d, PCI_COMMAND, 2, 0xffff);
	assert_int_equal(driver_config(d, PCI_COMMAND, 2), 6);
	assert_int_equal(driver_get(d, VIRTIO_NUM_QUEUES, 2), 2);
	assert_true(pci_memory_read(&d->pci, BOARD_CONSOLE_BAR, 2) == UINT64_MAX);
	assert_true(pci_memory_read(&d->pci, DRIVER_BAR + VIRTIO_BAR_SIZE - 2, 4) == UINT64_MAX);
	pci_memory_write(&d->pci, UINT64_MAX, 8, 0);
	driver_set_config(d, PCI_VENDOR, 4, 0);
	assert_int_equal(driver_config(d, PCI_VENDOR, 4), 0x10431af4);
}

static void prints(void **state)
{
	struct driver *d = *state;

	driver_start(d);
	memcpy(d->memory + DRIVER_BUFFERS, "hello, world", 12);
	driver_describe(d, TRANSMIT, 5, DRIVER_BUFFERS, 5, NEXT, 9);
	driver_describe(d, TRANSMIT, 9, DRIVER_BUFFERS + 5, 7, 0, 0);
	driver_offer(d, TRANSMIT, 5);
	assert_string_equal(d->printed, "hello, world");
	assert_int_equal(driver_used(d, TRANSMIT), 1);
	assert_int_equal(d->memory[DRIVER_USED(TRANSMIT) + 4], 5);
	assert_int_equal(d->messages, 1);
	assert_int_equal(d->message_data, 0x42);
	assert_true(d->message_address == 0xfee00000);
	assert_int_equal(driver_get(d, VIRTIO_ISR, 1), 1);
	assert_int_equal(driver_get(d, VIRTIO_ISR, 1), 0);
	d->memory[DRIVER_AVAILABLE(TRANSMIT)] = 1; /* no interrupts, please */
	for (int i = 0; i < 100; i++)
		driver_offer(d, TRANSMIT, 9);
	assert_int_equal(driver_used(d, TRANSMIT), 101);
	assert_int_equal(d->messages, 1);
	assert_false(needs_reset(d));
}

static void takes_input(void **state)
{
	struct driver *d = *state;

	assert_int_equal(virtio_console_type(&d->console, (const uint8_t *)"early ", 6), 6);
	driver_start(d);
	driver_describe(d, RECEIVE, 0, DRIVER_BUFFERS, 4, WRITE, 0);
	driver_describe(d, RECEIVE, 1, DRIVER_BUFFERS + 4, 64, WRITE, 0);
	driver_offer(d, RECEIVE, 0);
	assert_memory_equal(d->memory + DRIVER_BUFFERS, "earl", 5);
	driver_offer(d, RECEIVE, 1);
	assert_memory_equal(d->memory + DRIVER_BUFFERS + 4, "y ", 3);
	assert_int_equal(d->memory[DRIVER_USED(RECEIVE) + 4 + 8 + 4], 2);
	assert_int_equal(d->messages, 2);
	assert_int_equal(d->message_data, 0x41);
	driver_offer(d, RECEIVE, 1);
	assert_int_equal(driver_used(d, RECEIVE), 2); /* waits for input */
	assert_int_equal(virtio_console_type(&d->console, (const uint8_t *)"typed", 5), 5);
	assert_int_equal(driver_used(d, RECEIVE), 3);
	assert_memory_equal(d->memory + DRIVER_BUFFERS + 4, "typed", 5);
}

static void input_has_a_limit(void **state)
{
	struct driver *d = *state;
	uint8_t much[VIRTIO_CONSOLE_TYPED + 10] = { 0 };

	assert_int_equal(virtio_console_type(&d->console, much, sizeof(much)),
			 VIRTIO_CONSOLE_TYPED);
	assert_int_equal(virtio_console_type(&d->console, much, 1), 0);
}

static void masked_messages_wait(void **state)
{
	struct driver *d = *state;

	driver_start(d);
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 1, 0, 0);
	driver_set(d, VIRTIO_MSIX_TABLE + 2 * MSIX_ENTRY + 12, 4, 1);
	driver_offer(d, TRANSMIT, 0);
	assert_int_equal(d->messages, 0);
	assert_int_equal(driver_get(d, VIRTIO_MSIX_PENDING, 8), 4);
	driver_set(d, VIRTIO_MSIX_TABLE + 2 * MSIX_ENTRY + 12, 4, 0);
	assert_int_equal(d->messages, 1);
	driver_set_config(d, 0x42, 2, 0xc000);
	driver_offer(d, TRANSMIT, 0);
	assert_int_equal(d->messages, 1);
	driver_set_config(d, 0x42, 2, 0x8000);
	assert_int_equal(d->messages, 2);
	driver_set_config(d, 0x42, 2, 0);
	driver_offer(d, TRANSMIT, 0);
	assert_int_equal(d->messages, 2);
	assert_int_equal(driver_get(d, VIRTIO_MSIX_TABLE + 8, 4), 0x40);
	assert_int_equal(driver_get(d, VIRTIO_MSIX_TABLE, 8), 0xfee00000);
	assert_int_equal(driver_get(d, VIRTIO_MSIX_TABLE + 3 * MSIX_ENTRY, 4), 0);
	assert_int_equal(driver_get(d, VIRTIO_MSIX_TABLE + 1, 4), 0);
}

static void window_reaches_the_bar(void **state)
{
	struct driver *d = *state;

	driver_set_config(d, 0x94 + 8, 4, VIRTIO_NUM_QUEUES);
	driver_set_config(d, 0x94 + 12, 4, 2);
	assert_int_equal(driver_config(d, 0x94 + 16, 2), 2);
	driver_set_config(d, 0x94 + 8, 4, VIRTIO_DEVICE_STATUS);
	driver_set_config(d, 0x94 + 12, 4, 1);
	driver_set_config(d, 0x94 + 16, 1, 3);
	assert_int_equal(d->console.virtio.status, 3);
	driver_set_config(d, 0x94 + 8, 4, UINT32_MAX);
	driver_set_config(d, 0x94 + 12, 4, 4);
	driver_set_config(d, 0x94 + 16, 4, 0);
	assert_int_equal(d->console.virtio.status, 3);
}

static void both_features_are_needed(void **state)
{
	struct driver *d = *state;

	driver_set_config(d, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	for (uint32_t features = 0; features < 8; features++) {
		driver_set(d, VIRTIO_DEVICE_STATUS, 1, 0);
		driver_set(d, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
		driver_set(d, VIRTIO_DRIVER_FEATURE, 4, features);
		driver_set(d, VIRTIO_DRIVER_FEATURE_SELECT, 4, 7);
		driver_set(d, VIRTIO_DRIVER_FEATURE, 4, 7);
		driver_set(d, VIRTIO_DEVICE_STATUS, 1, VIRTIO_STATUS_FEATURES_OK);
		assert_int_equal(driver_get(d, VIRTIO_DEVICE_STATUS, 1),
				 features == 3 ? VIRTIO_STATUS_FEATURES_OK : 0);
	}
}

static void reset_forgets(void **state)
{
	struct driver *d = *state;

	driver_start(d);
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 1, 0, 0);
	driver_set(d, VIRTIO_DEVICE_STATUS, 1, 0);
	driver_offer(d, TRANSMIT, 0);
	assert_int_equal(d->length, 0);
	assert_int_equal(driver_get(d, VIRTIO_QUEUE_ENABLE, 2), 0);
	assert_int_equal(driver_get(d, VIRTIO_QUEUE_MSIX_VECTOR, 2), 0xffff);
	memset(d->memory, 0, sizeof(d->memory));
	driver_start(d);
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 1, 0, 0);
	driver_offer(d, TRANSMIT, 0);
	assert_int_equal(driver_used(d, TRANSMIT), 1);
}

static void queue_registers_keep_their_limits(void **state)
{
	struct driver *d = *state;

	driver_start(d);
	driver_set(d, VIRTIO_QUEUE_SELECT, 2, 0);
	driver_set(d, VIRTIO_QUEUE_DESC, 8, 0x7000); /* in use */
	assert_int_equal(driver_get(d, VIRTIO_QUEUE_DESC, 8), DRIVER_DESCRIPTORS(0));
	driver_set(d, VIRTIO_QUEUE_MSIX_VECTOR, 2, 3);
	assert_int_equal(driver_get(d, VIRTIO_QUEUE_MSIX_VECTOR, 2), 0xffff);
	driver_set(d, VIRTIO_QUEUE_SELECT, 2, 2);
	assert_int_equal(driver_get(d, VIRTIO_QUEUE_SIZE, 2), 0);
	driver_set(d, VIRTIO_QUEUE_ENABLE, 2, 1);
	driver_set(d, VIRTIO_DEVICE_STATUS, 1, 0);
	driver_set(d, VIRTIO_QUEUE_SELECT, 2, 1);
	for (uint32_t size = 0; size <= 2 * VIRTQUEUE_MAX; size++) {
		driver_set(d, VIRTIO_QUEUE_SIZE, 2, 8);
		driver_set(d, VIRTIO_QUEUE_SIZE, 2, size);
		assert_int_equal(driver_get(d, VIRTIO_QUEUE_SIZE, 2),
				 size && size <= VIRTQUEUE_MAX && !(size & (size - 1)) ? size : 8);
	}
	driver_set(d, VIRTIO_QUEUE_ENABLE, 2, 1); /* before negotiation */
	assert_true(needs_reset(d));
}

/* What a driver can do wrong with the rings of one queue. Each leaves the device needing a reset.
 */
static void chain_in_a_circle(struct driver *d)
{
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 1, NEXT, 1);
	driver_describe(d, TRANSMIT, 1, DRIVER_BUFFERS, 1, NEXT, 0);
	driver_offer(d, TRANSMIT, 0);
}

static void next_beyond_the_queue(struct driver *d)
{
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 1, NEXT, VIRTQUEUE_MAX);
	driver_offer(d, TRANSMIT, 0);
}

static void head_beyond_the_queue(struct driver *d)
{
	driver_offer(d, TRANSMIT, VIRTQUEUE_MAX);
}

static void indirect_descriptor(struct driver *d)
{
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 16, INDIRECT, 0);
	driver_offer(d, TRANSMIT, 0);
}

static void buffer_outside_memory(struct driver *d)
{
	driver_describe(d, TRANSMIT, 0, UINT64_MAX - 3, 16, 0, 0);
	driver_offer(d, TRANSMIT, 0);
}

static void buffer_of_4_gib(struct driver *d)
{
	driver_describe(d, TRANSMIT, 0, 0, UINT32_MAX, 0, 0);
	driver_offer(d, TRANSMIT, 0);
}

static void transmit_into_a_writable_buffer(struct driver *d)
{
	driver_describe(d, TRANSMIT, 0, DRIVER_BUFFERS, 16, WRITE, 0);
	driver_offer(d, TRANSMIT, 0);
}

static void receive_into_a_read_only_buffer(struct driver *d)
{
	virtio_console_type(&d->console, (const uint8_t *)"x", 1);
	driver_describe(d, RECEIVE, 0, DRIVER_BUFFERS, 16, 0, 0);
	driver_offer(d, RECEIVE, 0);
}

static void more_available_than_the_queue_holds(struct driver *d)
{
	put_le16(d->memory + DRIVER_AVAILABLE(TRANSMIT) + 2, VIRTQUEUE_MAX + 1);
	driver_set(d, VIRTIO_NOTIFY + 4 * TRANSMIT, 2, TRANSMIT);
}

static void hostile_rings(void **state)
{
	static void (*const attacks[])(struct driver *) = {
		chain_in_a_circle,
		next_beyond_the_queue,
		head_beyond_the_queue,
		indirect_descriptor,
		buffer_outside_memory,
		buffer_of_4_gib,
		transmit_into_a_writable_buffer,
		receive_into_a_read_only_buffer,
		more_available_than_the_queue_holds,
	};
	struct driver *d = *state;

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		driver_init(d);
		driver_start(d);
		attacks[i](d);
		assert_true(needs_reset(d));
		assert_int_equal(d->message_data, 0x40); /* the configuration vector */
		d->messages = 0;
		driver_offer(d, TRANSMIT, 0);
		assert_int_equal(d->messages, 0);
	}
}

static void notices_of_no_queue(void **state)
{
	struct driver *d = *state;

	driver_start(d);
	for (uint32_t at = VIRTIO_NOTIFY + 8; at < VIRTIO_NOTIFY + 0x1000; at += 4)
		driver_set(d, at, 2, 0);
	assert_false(needs_reset(d));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(is_found),
		TEST(bar_moves_and_closes),
		TEST(prints),
		TEST(takes_input),
		TEST(input_has_a_limit),
		TEST(masked_messages_wait),
		TEST(window_reaches_the_bar),
		TEST(both_features_are_needed),
		TEST(reset_forgets),
		TEST(queue_registers_keep_their_limits),
		TEST(hostile_rings),
		TEST(notices_of_no_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

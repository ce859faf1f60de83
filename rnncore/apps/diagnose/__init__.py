"""What is wrong with the training of a recurrent network of torch's."""

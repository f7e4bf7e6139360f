export const measureSwap = async () => null;
export const printSwap = () => true;
